/**
 * Whether somebody whom a module knows may in: lists of emails, validators of his JSON, validators of other servers, in this
 * order. What cannot be read or asked lets nobody in.
 */
import { maskSecrets } from '../events/mask-secrets.ts'
import { compileValidator, guardedRegex, wildcard } from '../expression/index.ts'
import type { AuthModuleView } from '../identity/auth-module.ts'
import { CallFailed, type OutgoingCalls } from '../plugin/outgoing-calls.ts'
import { isObject } from '../model/types/shape.ts'
import { spellings } from '../identity/spellings.ts'

/** Why somebody may not in: for him, and for the log. */
export interface UserFault {
  readonly display: string
  readonly detail: string
}

export interface JudgedLogin {
  readonly user: Readonly<Record<string, unknown>>
  readonly module: AuthModuleView
  /** The route he wants to, as JSON; null for administrators. */
  readonly route: Readonly<Record<string, unknown>> | null
}

/** Milliseconds a validator of another server has, and most that its settings may give it. */
const USUAL_TIMEOUT = 10_000
const LONGEST_TIMEOUT = 30_000

/** Null when nothing speaks against it. */
export async function userFault(login: JudgedLogin, calls: OutgoingCalls): Promise<UserFault | null> {
  return listFault(login) ?? validatorFault(login) ?? (await remoteFault(login, calls))
}

function listFault({ user, module }: JudgedLogin): UserFault | null {
  const email = String(user['email'] ?? '')
  const { allowedUsers, deniedUsers } = module.json
  const display = 'User not allowed'
  if (allowedUsers.length > 0 && !allowedUsers.some(line => emailMatches(line, email, false)))
    return { display, detail: 'user blocked by allowed list of auth module' }
  // Directories and providers take an address in any case: another spelling keeps out as well.
  const denied = (line: string): boolean =>
    spellings(email).some(one => emailMatches(line, one, true)) || line.toLowerCase() === email.toLowerCase()
  if (deniedUsers.some(denied)) return { display, detail: 'user blocked by denied list of auth module' }
  return null
}

type Test = (argument: string, email: string) => boolean

const listed: Test = (argument, email) =>
  argument
    .split(',')
    .map(item => item.trim())
    .includes(email)
const regex: Test = (argument, email) => guardedRegex(argument).matchesWhole(email)
const pattern: Test = (argument, email) => wildcard(argument)(email)
const not =
  (test: Test): Test =>
  (argument, email) =>
    !test(argument, email)
const contains: Test = (argument, email) => email.includes(argument)
const equals: Test = (argument, email) => email === argument

const tests: ReadonlyMap<string, Test> = new Map([
  ['Regex', regex],
  ['RegexNot', not(regex)],
  ['Wildcard', pattern],
  ['WildcardNot', not(pattern)],
  ['Contains', contains],
  ['ContainsNot', not(contains)],
  ['Not', not(equals)],
  ['ContainedIn', listed],
  ['NotContainedIn', not(listed)],
])

/** One line of a list. `otherwise`: what a line means that cannot be read. */
export function emailMatches(line: string, email: string, otherwise: boolean): boolean {
  const [, name = '', argument = ''] = /^(\w+)\((.*)\)$/s.exec(line) ?? []
  const test = tests.get(name)
  if (test === undefined) return line === email
  try {
    return test(argument, email)
  } catch {
    return otherwise
  }
}

function validatorFault({ user, module }: JudgedLogin): UserFault | null {
  for (const json of module.json.userValidators) {
    let holds = false
    try {
      holds = compileValidator(json).holds(user)
    } catch {
      // One that cannot be read does not hold.
    }
    if (!holds)
      return { display: 'user is not valid', detail: `user validator ${JSON.stringify(json).slice(0, 200)}` }
  }
  return null
}

async function remoteFault(login: JudgedLogin, calls: OutgoingCalls): Promise<UserFault | null> {
  for (const validator of login.module.json.remoteValidators) {
    const fault = await askRemote(validator, login, calls)
    if (fault !== null) return fault
  }
  return null
}

async function askRemote(
  validator: Readonly<Record<string, unknown>>,
  { user, module, route }: JudgedLogin,
  calls: OutgoingCalls,
): Promise<UserFault | null> {
  const { url, headers, timeout, tls_settings: tls } = validator
  const display = 'invalid user'
  if (typeof url !== 'string') return { display, detail: 'a remote validator has no url' }
  const given = typeof timeout === 'number' && timeout > 0 ? timeout : USUAL_TIMEOUT
  const fields = isObject(headers)
    ? Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
    : []
  try {
    const { status, body } = await calls.send({
      method: 'POST',
      url,
      headers: [['Content-Type', 'application/json'], ...fields],
      body: JSON.stringify({ user, auth_module: maskSecrets(module.json), ...(route !== null && { route }) }),
      timeout: Math.min(given, LONGEST_TIMEOUT),
      tls: isObject(tls) ? tls : null,
      tenant: module.tenant,
    })
    if (status !== 200)
      return { display: `bad status code: ${status}`, detail: `remote validator: status ${status}` }
    return verdictOf(body.toString('utf8'))
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error
    return { display, detail: `remote validator: ${error.message}` }
  }
}

function verdictOf(text: string): UserFault | null {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    answer = null
  }
  if (isObject(answer) && answer['valid'] === true) return null
  const reason = isObject(answer) && isObject(answer['reason']) ? answer['reason'] : {}
  const { display, internal } = reason
  return {
    display: typeof display === 'string' ? display.slice(0, 300) : 'invalid user',
    detail: `remote validator: ${JSON.stringify(internal ?? null).slice(0, 500)}`,
  }
}
