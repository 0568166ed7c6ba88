/** `/.well-known/security.txt`: whom to tell about a vulnerability (RFC 9116). */
import { answer, definePlugin, type RouteView, schema as v } from '../../plugin/index.ts'
import { flag, setting, text, texts } from '../settings.ts'

const PATH = '/.well-known/security.txt'
const years = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100))
const optional = (what: string) => setting(v.nullable(text), null, what)

const settings = v.looseObject({
  contact: setting(
    texts,
    () => ['contact@foo.bar'],
    'Addresses: `mailto:`, `tel:` or `https:`; a bare e-mail address becomes `mailto:`',
  ),
  auto_expires: setting(flag, false, 'Always expire expires_years from now'),
  expires_years: setting(years, 1, 'Years until it expires, for auto_expires'),
  expires: optional('When it expires (RFC 3339); a year from now when there is none and auto_expires is off'),
  acknowledgments: optional('Address of the page that thanks finders'),
  preferred_languages: optional('Languages, separated by commas (`en, fr`)'),
  policy: optional('Address of the disclosure policy'),
  hiring: optional('Address of security-related jobs'),
  encryption: optional('Address of the key for encrypted reports'),
  csaf: optional('Address of the CSAF provider metadata'),
})

type Settings = v.InferOutput<typeof settings>

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgSecurityTxt',
  name: 'Security Txt',
  description: 'Serves `/.well-known/security.txt` as RFC 9116 describes it. Other requests go on.',
  family: 'static-content',
  categories: ['Security'],
  steps: ['TransformRequest'],
  config: settings,
  setup(config, { route }) {
    const contacts = config.contact.map(contact => field('Contact', address(contact)))
    if (contacts.length === 0) throw new Error('security.txt needs a contact (RFC 9116, 2.5.3)')
    const expires = expiry(config)
    const rest = [...canonical(route), ...optionalFields(config)]
    return {
      request({ request }) {
        if (request.path !== PATH || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
        const lines = [...contacts, field('Expires', expires()), ...rest]
        return answer(200, [['Content-Type', 'text/plain; charset=utf-8']], `${lines.join('\n')}\n`)
      },
    }
  },
})

/** A line of the file. Throws on a value that would begin another line or is blank. */
function field(name: string, value: string): string {
  const clean = value.trim()
  if (clean === '' || /[\x00-\x1f\x7f]/.test(clean))
    throw new Error(`${name} of security.txt is blank or holds control characters`)
  return `${name}: ${clean}`
}

function address(given: string): string {
  const contact = given.trim()
  return /^[^\s@:/]+@[^\s@:/]+$/.test(contact) ? `mailto:${contact}` : uri('contact', contact)
}

/** Throws on what is no absolute URI. */
function uri(name: string, given: string): string {
  const text = given.trim()
  if (!/^[a-z][a-z\d+.-]*:[^\s]+$/i.test(text))
    throw new Error(`${name} of security.txt must be a URI: ${JSON.stringify(text)}`)
  return text
}

function expiry(config: Settings): () => string {
  const fixed = config.expires?.trim() ?? ''
  if (fixed !== '') {
    const full = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/
    if (!full.test(fixed) || Number.isNaN(Date.parse(fixed)))
      throw new Error(`expires of security.txt must be a date and time as in RFC 3339: ${fixed}`)
    return () => fixed
  }
  const ahead = config.auto_expires ? config.expires_years : 1
  return () => {
    const date = new Date()
    date.setUTCFullYear(date.getUTCFullYear() + ahead)
    return `${date.toISOString().slice(0, 19)}Z`
  }
}

/** Where the file belongs: the first host of the route that is a name and no pattern. */
function canonical(route: RouteView): string[] {
  const host = route.domains
    .map(domain => domain.split('/', 1)[0]!)
    .find(name => /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(name))
  return host === undefined ? [] : [field('Canonical', `https://${host}${PATH}`)]
}

function optionalFields(config: Settings): string[] {
  const lines: string[] = []
  const add = (name: string, value: string | null, check: (value: string) => string): void => {
    if (value !== null && value.trim() !== '') lines.push(field(name, check(value)))
  }
  add('Acknowledgments', config.acknowledgments, given => uri('acknowledgments', given))
  add('Preferred-Languages', config.preferred_languages, languages)
  add('Policy', config.policy, given => uri('policy', given))
  add('Hiring', config.hiring, given => uri('hiring', given))
  add('Encryption', config.encryption, given => uri('encryption', given))
  add('CSAF', config.csaf, given => uri('csaf', given))
  return lines
}

/** Language tags (RFC 5646), separated by commas. */
function languages(given: string): string {
  const tags = given.split(',').map(tag => tag.trim())
  const wrong = tags.find(tag => !/^[a-z]{1,8}(?:-[a-z\d]{1,8})*$/i.test(tag))
  if (wrong !== undefined) throw new Error(`preferred_languages of security.txt: ${JSON.stringify(wrong)}`)
  return tags.join(', ')
}
