/** `env.…`, `config.…`, `vault://…`, `global_config.…`, `rand`, plans: what lies outside the request. */
import { randomBytes } from 'node:crypto'
import type { ExpressionContext, Named } from '../context.ts'
import { at, own, textOf } from '../json.ts'
import { BAD, exactly, type Part, type Rule } from './rule.ts'

/** A value that does not change while the gateway runs: looked up once. */
function settled(prefix: string, which: 'env' | 'config', missing: string): Rule {
  return (expression, { settings }) => {
    if (!expression.startsWith(prefix)) return null
    const read = settings[which]
    if (read === undefined) return () => BAD
    const rest = expression.slice(prefix.length)
    const colon = rest.lastIndexOf(':')
    const name = colon < 0 ? rest : rest.slice(0, colon)
    const value = read(name) ?? (colon < 0 ? missing + name : rest.slice(colon + 1))
    return () => value
  }
}

const secret: Rule = (expression, { settings }) => {
  if (!expression.startsWith('vault://')) return null
  return () => settings.secret?.(expression) ?? BAD
}

const globalMetadata: Rule = (expression, { settings }) => {
  const prefix = 'global_config.metadata.'
  if (!expression.startsWith(prefix)) return null
  const name = expression.slice(prefix.length)
  return () => {
    const config = settings.globalConfig?.()
    return config === undefined ? BAD : (own(config.metadata, name) ?? `no-metadata-${name}`)
  }
}

const globalEnv: Rule = (expression, { settings }) => {
  const prefix = 'global_config.env.'
  if (!expression.startsWith(prefix)) return null
  const path = expression.slice(prefix.length)
  return () => {
    const config = settings.globalConfig?.()
    if (config === undefined) return BAD
    const value = at(config.env, path)
    return value === undefined ? `no-global-env-at-${path}` : textOf(value)
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const rand: Part = () => {
  let text = ''
  while (text.length < 64) {
    // Bytes above the last multiple of 62 are thrown away: every character is equally likely.
    for (const byte of randomBytes(80)) if (byte < 248 && text.length < 64) text += ALPHABET[byte % 62]
  }
  return text
}

function ofNamed(name: string, read: (context: ExpressionContext) => Named | null): readonly Rule[] {
  return [
    exactly(`${name}.id`, context => read(context)?.id ?? BAD),
    exactly(`${name}.name`, context => read(context)?.name ?? BAD),
  ]
}

export const settingRules: readonly Rule[] = [
  settled('env.', 'env', 'no-env-var-'),
  settled('config.', 'config', 'no-config-'),
]

export const surroundingRules: readonly Rule[] = [
  secret,
  globalMetadata,
  globalEnv,
  exactly('rand', rand),
  ...ofNamed('plan', context => context.plan),
  ...ofNamed('api', context => context.api),
  // Filled in later, by whoever signs the token.
  ...['nbf', 'iat', 'exp'].map(claim => exactly(claim, () => `{${claim}}`)),
]
