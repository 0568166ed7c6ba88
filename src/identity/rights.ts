/**
 * What an administrator may see and change: organizations and teams, each with its access (`name[:r|:rw|:not]`, `rw` without
 * a suffix, `*` in names stands for anything). Blanks and capitals do not matter, nor what stands beside `r` and `w` in a suffix; one
 * without `r`, such as the empty one, grants nothing.
 *
 * Guarantees: what cannot be read grants nothing; `not` wins over whatever else the same right, or for organizations any
 * right, would grant.
 */
import { spellings } from './spellings.ts'

export type Access = 'r' | 'rw'

/** Owner of an entity. */
export interface Owner {
  readonly tenant: string
  readonly teams: readonly string[]
}

/** Longest name or pattern that is looked at. */
const LONGEST = 500

interface Pattern {
  readonly text: string
  readonly access: Access | 'none' | 'not'
  readonly matches: (name: string) => boolean
}

interface Right {
  readonly tenant: Pattern
  readonly teams: readonly Pattern[]
}

export class Rights {
  /** Everything. */
  static readonly all = Rights.read([{ tenant: '*:rw', teams: ['*:rw'] }])
  /** Nothing. */
  static readonly none = new Rights([])

  readonly #rights: readonly Right[]
  readonly #exceptions: boolean
  /** May do everything, in every organization. */
  readonly isSuper: boolean

  private constructor(rights: readonly Right[]) {
    this.#rights = rights
    const whole = ({ text, access }: Pattern): boolean => text === '*' && access === 'rw'
    this.#exceptions = rights.some(r => [r.tenant, ...r.teams].some(pattern => pattern.access === 'not'))
    this.isSuper = !this.#exceptions && rights.some(({ tenant, teams }) => whole(tenant) && teams.some(whole))
  }

  /** Reads the list an entity or a token holds; a text is read as JSON. What is no list of rights grants nothing. */
  static read(value: unknown): Rights {
    let list = value
    if (typeof value === 'string') {
      try {
        list = JSON.parse(value)
      } catch {
        return Rights.none
      }
    }
    if (!Array.isArray(list)) return Rights.none
    const rights = list.map(readRight)
    return rights.includes(null) ? Rights.none : new Rights(rights as Right[])
  }

  /** Grants nothing at all. */
  get isNothing(): boolean {
    return !this.#rights.some(
      ({ tenant, teams }) => allows(tenant, 'r') && teams.some(team => allows(team, 'r')),
    )
  }

  /** True when one right grants the access on the organization and on at least one of the teams. */
  on(owner: Owner, access: Access): boolean {
    if (this.isSuper) return true
    return this.#of(owner.tenant).some(({ tenant, teams }) => {
      return allows(tenant, access) && owner.teams.some(team => grants(teams, team, access))
    })
  }

  /** True when something of the organization may be read. */
  readsTenant(name: string): boolean {
    return this.#of(name).some(({ tenant }) => allows(tenant, 'r'))
  }

  /** True for an administrator of the organization: all its teams may be changed. */
  administers(tenant: string): boolean {
    return !this.#exceptions && this.on({ tenant, teams: ['*'] }, 'rw')
  }

  /** True when these rights hold at least what the others do, so that who has these may give those. */
  covers(other: Rights): boolean {
    if (this.isSuper) return true
    return other.#rights.every(right => {
      if (!allows(right.tenant, 'r')) return true
      const { access } = right.tenant
      return right.teams.every(team => {
        if (!allows(team, 'r')) return true
        // What is excepted here may hide behind a pattern there.
        if (this.#exceptions && `${right.tenant.text}${team.text}`.includes('*')) return false
        const wanted = access === 'rw' && team.access === 'rw' ? 'rw' : 'r'
        return spellings(right.tenant.text).every(tenant =>
          spellings(team.text).every(name => this.on({ tenant, teams: [name] }, wanted)),
        )
      })
    })
  }

  /** Rights that name the organization; none when any right excludes it. */
  #of(tenant: string): readonly Right[] {
    const named = this.#rights.filter(right => right.tenant.matches(tenant))
    return named.some(right => right.tenant.access === 'not') ? [] : named
  }
}

function allows(pattern: Pattern, access: Access): boolean {
  return pattern.access === 'rw' || pattern.access === access
}

function grants(patterns: readonly Pattern[], name: string, access: Access): boolean {
  const named = patterns.filter(pattern => pattern.matches(name))
  return named.length > 0 && !named.some(p => p.access === 'not') && named.some(p => allows(p, access))
}

function readRight(value: unknown): Right | null {
  if (typeof value !== 'object' || value === null) return null
  const { tenant, teams } = value as { tenant?: unknown; teams?: unknown }
  if (typeof tenant !== 'string' || !Array.isArray(teams)) return null
  const owner = readPattern(tenant)
  const members = teams.map(team => (typeof team === 'string' ? readPattern(team) : null))
  if (owner === null || members.includes(null)) return null
  return { tenant: owner, teams: members as Pattern[] }
}

function readPattern(text: string): Pattern | null {
  const colon = text.lastIndexOf(':')
  const name = (colon < 0 ? text : text.slice(0, colon)).trim()
  const access = colon < 0 ? 'rw' : accessOf(text.slice(colon + 1))
  if (name === '' || name.length > LONGEST) return null
  // Names of organizations and teams are in small letters as a rule.
  const tests = spellings(name).map(wildcard)
  return { text: name, access, matches: other => tests.some(matches => matches(other)) }
}

function accessOf(suffix: string): Pattern['access'] {
  const flags = suffix.trim().toLowerCase()
  if (flags === 'not') return 'not'
  return !flags.includes('r') ? 'none' : flags.includes('w') ? 'rw' : 'r'
}

/** Literal parts are found from left to right, so that no name takes more than one pass. */
function wildcard(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*')
  if (parts.length === 1) return name => name === pattern
  const [first, last] = [parts[0]!, parts.at(-1)!]
  const middle = parts.slice(1, -1)
  return name => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
      return false
    let at = first.length
    for (const part of middle) {
      const found = name.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= name.length - last.length
  }
}
