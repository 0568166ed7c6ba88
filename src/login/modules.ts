/** Auth modules and their providers as they are now, and the routes that name them. */
import type { ControlPlane } from '../control/control-plane.ts'
import { type AuthModuleView, readAuthModule } from '../identity/auth-module.ts'
import { globalSlots, modulesOfRoute, type RouteModules } from '../identity/route-modules.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { authModule } from '../model/kinds/auth-module.ts'
import { globalConfig } from '../model/kinds/global-config.ts'
import { definitionOf } from '../model/registry.ts'
import type { LoginProvider, ProviderServices } from './contract.ts'
import { providers } from './providers/index.ts'
import { LoginRefusal } from './refusal.ts'

const definition = authModule as EntityDefinition
const ROUTES = ['Route', 'RouteComposition']

export interface LoginModule {
  readonly view: AuthModuleView
  readonly provider: LoginProvider
}

export interface LoginRoute {
  readonly id: string
  readonly name: string
  readonly json: Readonly<Record<string, unknown>>
  readonly modules: RouteModules
}

export class LoginModules {
  readonly #control: ControlPlane
  readonly #services: ProviderServices
  /** By id, with the text they were made from; null for one that does not work. */
  readonly #made = new Map<string, { readonly text: string; readonly module: LoginModule | null }>()

  constructor(control: ControlPlane, services: ProviderServices) {
    this.#control = control
    this.#services = services
  }

  /** Null when there is none of this id that works. */
  find(id: string): LoginModule | null {
    const text = this.#control.get(definition, id)?.json
    if (text === undefined) {
      this.#made.delete(id)
      return null
    }
    const known = this.#made.get(id)
    if (known?.text === text) return known.module
    const module = this.#make(text)
    this.#made.set(id, { text, module })
    return module
  }

  /** Throws `LoginRefusal`. */
  get(id: string): LoginModule {
    const module = this.find(id)
    if (module !== null) return module
    throw new LoginRefusal(
      'login.module_missing',
      'Login not possible',
      'Auth. config. not found on the descriptor',
    )
  }

  /** The route or route composition of this id, or null. */
  route(id: string): LoginRoute | null {
    for (const kind of ROUTES) {
      const kindDefinition = definitionOf(kind)
      const found = kindDefinition === null ? null : this.#control.get(kindDefinition, id)
      if (found == null) continue
      const json = found.view()
      const name = typeof json['name'] === 'string' ? json['name'] : id
      return { id, name, json, modules: modulesOfRoute(json, this.#globalSlots()) }
    }
    return null
  }

  #globalSlots(): readonly unknown[] {
    const config = this.#control.get(globalConfig as EntityDefinition, 'global')?.view()
    return config === undefined ? [] : globalSlots(config)
  }

  #make(text: string): LoginModule | null {
    const view = readAuthModule(text)
    const make = view === null ? undefined : providers.get(view.type)
    if (view === null || make === undefined) return null
    try {
      return { view, provider: make(view, this.#services) }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#services.log('error', `auth module ${view.id}: ${message}`)
      return null
    }
  }
}
