/** `apikey.…`, `user.…`, `consumer.…`: who calls. */
import type { ExpressionApikey, ExpressionContext, ExpressionUser } from '../context.ts'
import { at, own, textOf } from '../json.ts'
import { BAD, exactly, indexed, type Lookup, named, ownText, type Rule } from './rule.ts'

function ofApikey(name: string, read: (apikey: ExpressionApikey) => string): Rule {
  return exactly(`apikey.${name}`, context => (context.apikey === null ? BAD : read(context.apikey)))
}

function ofUser(name: string, read: (user: ExpressionUser) => string): Rule {
  return exactly(`user.${name}`, context => (context.user === null ? BAD : read(context.user)))
}

/** Light form of a key: what backends may know. */
function light({ clientId, clientName, metadata, tags }: ExpressionApikey): object {
  return { clientId, clientName, metadata, tags }
}

const valueAt = (value: unknown, path: string): string | undefined => {
  const found = at(value, path)
  return found === undefined ? undefined : textOf(found)
}

const token: Lookup = ({ user }, name) => {
  if (user === null) return null
  const value = own(user.tokens, name)
  return typeof value === 'string' ? value : undefined
}

const userMetadata: Lookup = ({ user }, path) => (user === null ? null : valueAt(user.metadata, path))

const consumerMetadata: Lookup = ({ user, apikey }, path) =>
  user !== null ? valueAt(user.metadata, path) : ownText(apikey?.metadata, path)

const profile: Rule = expression => {
  if (!expression.startsWith('user.profile.')) return null
  const rest = expression.slice('user.profile.'.length)
  const colon = rest.lastIndexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  const fallback = colon < 0 ? undefined : rest.slice(colon + 1)
  return ({ user }) => {
    if (user === null) return BAD
    const none = user.profile === null || user.profile === undefined
    return valueAt(user.profile, path) ?? fallback ?? `no-${none ? 'profile' : 'meta'}-${path}`
  }
}

function consumerJson({ user, apikey }: ExpressionContext): object {
  // The key goes first here, and the user first in the other forms: as upstream.
  if (apikey !== null) return { kind: 'apikey', consumer: light(apikey) }
  return user === null ? { kind: 'public', consumer: null } : { kind: 'user', consumer: user.json }
}

export const apikeyRules: readonly Rule[] = [
  ofApikey('name', key => key.clientName),
  ofApikey('id', key => key.clientId),
  ofApikey('clientId', key => key.clientId),
  ofApikey('json.pretty', key => JSON.stringify(light(key), null, 2)),
  ofApikey('json', key => JSON.stringify(light(key))),
  named({
    prefix: 'apikey.metadata.',
    find: ({ apikey }, name) => ownText(apikey?.metadata, name),
    missing: name => `no-meta-${name}`,
  }),
  indexed('apikey.tags', context => context.apikey?.tags),
]

export const userRules: readonly Rule[] = [
  ofUser('name', user => user.name),
  ofUser('email', user => user.email),
  ofUser('json.pretty', user => JSON.stringify(user.json, null, 2)),
  ofUser('json', user => JSON.stringify(user.json)),
  named({ prefix: 'user.tokens.', find: token, missing: name => `no-${name}` }),
  named({ prefix: 'user.metadata.', find: userMetadata, missing: name => `no-meta-${name}` }),
  profile,
]

export const consumerRules: readonly Rule[] = [
  exactly('consumer.id', ({ user, apikey }) => user?.email ?? apikey?.clientId ?? BAD),
  exactly('consumer.name', ({ user, apikey }) => user?.name ?? apikey?.clientName ?? BAD),
  exactly('consumer.long_id', ({ user, apikey }) =>
    user !== null ? `${user.realm}-${user.email}` : (apikey?.clientId ?? BAD),
  ),
  exactly('consumer.kind', ({ user, apikey }) =>
    user !== null ? 'user' : apikey !== null ? 'apikey' : 'public',
  ),
  exactly('consumer.json.pretty', context => JSON.stringify(consumerJson(context), null, 2)),
  exactly('consumer.json', context => JSON.stringify(consumerJson(context))),
  named({ prefix: 'consumer.metadata.', find: consumerMetadata, missing: name => `no-meta-${name}` }),
]
