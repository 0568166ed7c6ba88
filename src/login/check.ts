/** Tries auth modules for administrators: whether what they ask answers, and whether somebody would be known. */
import { viewAuthModule } from '../identity/auth-module.ts'
import { passingUser } from '../identity/user.ts'
import type { AuthModule } from '../model/kinds/auth-module.ts'
import type { ProviderServices } from './contract.ts'
import { providers } from './providers/index.ts'
import { judge, waitText } from './providers/password-provider.ts'

export interface Checked {
  readonly works: boolean
  readonly error?: string
  readonly user?: Readonly<Record<string, unknown>>
}

export interface PasswordPair {
  readonly username: string
  readonly password: string
}

/** `from`: address of the client; who tries many passwords waits like everybody. Never rejects. */
export async function checkModule(
  json: Readonly<AuthModule>,
  user: PasswordPair | null,
  from: string,
  services: ProviderServices,
): Promise<Checked> {
  try {
    const module = viewAuthModule(json)
    const make = providers.get(module.type)
    if (make === undefined) return failed(`modules of type ${module.type} are not part of this version`)
    const provider = make(module, services)
    if (user === null) {
      await provider.probe?.()
      return { works: true }
    }
    const check = provider.checkPassword
    if (check === undefined) return failed('modules of this type know no passwords')
    const verdict = await judge({ module, services, check }, user.username, user.password, from)
    if (typeof verdict === 'number') return failed(waitText(verdict))
    if (verdict === null) return failed("You're not authorized here")
    const { rights, ...identity } = verdict
    return { works: true, user: { ...passingUser({ ...identity }).light(), rights } }
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
}

function failed(error: string): Checked {
  return { works: false, error }
}
