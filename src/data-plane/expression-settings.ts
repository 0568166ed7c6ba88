/** What expressions may reach on a thread. */
import type { ExpressionSettings } from '../expression/index.ts'

/** Plain data: it crosses to the thread. */
export interface ExpressionAccess {
  /** Variables of the environment that are closed; null: all of them are. */
  readonly closedVariables: readonly string[] | null
  /** Settings by canonical key; null: closed. */
  readonly settings: Readonly<Record<string, string>> | null
  /** Settings that only secrets and keys may read. */
  readonly keySettings: Readonly<Record<string, string>>
}

/** Metadata and free JSON of the global configuration. */
export interface GlobalTexts {
  readonly metadata: Readonly<Record<string, string>>
  readonly env: unknown
}

/** For templates and for keys. The global configuration is read when a template is evaluated, so a change of it counts at once. */
export function expressionSettings(
  access: ExpressionAccess,
  env: Readonly<Record<string, string | undefined>>,
  globals: () => GlobalTexts,
): { readonly open: ExpressionSettings; readonly forKeys: ExpressionSettings } {
  const variables = variablesOf(access, env)
  const { settings, keySettings } = access
  return {
    open: { ...variables, ...settingsOf(settings), globalConfig: globals },
    forKeys: {
      ...variables,
      ...settingsOf(settings === null ? null : { ...settings, ...keySettings }),
    },
  }
}

function variablesOf(
  { closedVariables }: ExpressionAccess,
  env: Readonly<Record<string, string | undefined>>,
): Pick<ExpressionSettings, 'env'> {
  if (closedVariables === null) return {}
  const closed = new Set(closedVariables)
  return { env: name => (closed.has(name) || !Object.hasOwn(env, name) ? undefined : env[name]) }
}

function settingsOf(settings: Readonly<Record<string, string>> | null): Pick<ExpressionSettings, 'config'> {
  if (settings === null) return {}
  return {
    config(path) {
      const key = path.startsWith('app.') ? `otoroshi.${path.slice('app.'.length)}` : path
      return Object.hasOwn(settings, key) ? settings[key] : undefined
    },
  }
}
