/** Only some users may come in. */
import { definePlugin, refuse, schema as v, userAttribute } from '../../plugin/index.ts'
import { compileLookup, jsonPath } from '../json-paths.ts'
import { noTexts, setting, texts } from '../settings.ts'

const entry = v.pipe(v.string(), v.trim(), v.minLength(1, 'Must not be blank'))
const list = (description: string) => setting(v.array(entry), noTexts, description)
const paths = (description: string) => setting(v.array(jsonPath), noTexts, description)
const older = (name: string) => v.pipe(v.nullish(texts), v.description(`Older name of ${name}`))

/** Names of older configurations. */
const olderSpellings = {
  emailDomains: older('email_domains'),
  metadataMatch: older('metadata_match'),
  metadataNotMatch: older('metadata_not_match'),
  profileMatch: older('profile_match'),
  profileNotMatch: older('profile_not_match'),
}

const settings = v.looseObject({
  usernames: list('Names of users who may come in'),
  emails: list('E-mail addresses of users who may come in, in any case'),
  email_domains: list('Domains whose users may come in, subdomains included: `example.com`'),
  metadata_match: paths('JSONPaths, one of which must lead to something in the metadata of the user'),
  metadata_not_match: paths('JSONPaths none of which may lead to anything there'),
  otoroshi_data_match: paths('As `metadata_match`'),
  otoroshi_data_not_match: paths('As `metadata_not_match`'),
  profile_match: paths('JSONPaths, one of which must lead to something in the profile of the user'),
  profile_not_match: paths('JSONPaths none of which may lead to anything there'),
  ...olderSpellings,
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgHasAllowedUsersValidator',
  name: 'Allowed users only',
  description:
    'Lets a user in by name, e-mail address, domain of the address, metadata or profile: one of these is enough. Nobody else passes, and no one when nothing is set.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: settings,
  setup(config) {
    const names = new Set(config.usernames)
    const emails = new Set(config.emails.map(lower))
    const domains = [...config.email_domains, ...(config.emailDomains ?? [])].map(domainTest)
    const byData = dataTest(
      [...config.metadata_match, ...config.otoroshi_data_match, ...(config.metadataMatch ?? [])],
      [...config.metadata_not_match, ...config.otoroshi_data_not_match, ...(config.metadataNotMatch ?? [])],
    )
    const byProfile = dataTest(
      [...config.profile_match, ...(config.profileMatch ?? [])],
      [...config.profile_not_match, ...(config.profileNotMatch ?? [])],
    )
    return {
      access({ attributes }) {
        const user = attributes.get(userAttribute)
        if (user === undefined) return refuse('consumer.not_allowed', { detail: 'there is no user' })
        const email = lower(user.email)
        const allowed =
          names.has(user.name) ||
          emails.has(email) ||
          domains.some(holds => holds(email)) ||
          byData(user.metadata) ||
          byProfile(user.profile)
        return allowed ? undefined : refuse('consumer.not_allowed', { detail: 'the user is not on a list' })
      },
    }
  },
})

/**
 * Addresses of the domain, and of its subdomains unless an `@` says that they are not meant: what only ends with the same letters is
 * another domain.
 */
function domainTest(given: string): (email: string) => boolean {
  const written = lower(given.trim())
  const domain = written.replace(/^[@.]/, '')
  if (domain === '') throw new Error('email_domains: a domain is needed')
  if (written.startsWith('@')) return email => email.endsWith(written)
  return email => email.endsWith(`@${domain}`) || (email.includes('@') && email.endsWith(`.${domain}`))
}

/** One of `match` leads to something, and none of the others does. */
function dataTest(match: readonly string[], notMatch: readonly string[]): (data: unknown) => boolean {
  const wanted = match.map(leadsTo)
  const unwanted = notMatch.map(leadsTo)
  return data => wanted.some(finds => finds(data)) && !unwanted.some(finds => finds(data))
}

function leadsTo(path: string): (data: unknown) => boolean {
  const lookup = compileLookup(path)
  return data => {
    const found = data === null || data === undefined ? undefined : lookup(data)
    if (found === undefined || found === null || found === false) return false
    return !Array.isArray(found) || found.length > 0
  }
}

function lower(text: string): string {
  return text.toLowerCase()
}
