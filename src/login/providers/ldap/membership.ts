/**
 * Whether somebody is in a group, himself or through groups in groups.
 *
 * Guarantees: the directory compares names, by its own rules, so that no name passes for another that it resembles, and no list of
 * members is fetched; the way through nested groups is bounded and never goes in circles.
 */
import { type Connection, DirectoryRefused } from './connection.ts'
import { filterValue, plainName, splitName } from './escape.ts'

/** Groups passed on the way up, and steps. */
const MOST_GROUPS = 1_000
const MOST_STEPS = 16
/** Names in one question. */
const AT_ONCE = 50
/** `LDAP_MATCHING_RULE_IN_CHAIN`, and the capability of servers that have it. */
const CHAIN = '1.2.840.113556.1.4.1941'
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800'
const NO_ENTRY = 32

export interface Places {
  /** Where groups are. */
  readonly searchBase: string
  /** Where users are, whose `uid` stands in `memberUid`. */
  readonly userBase: string
}

/** What can be searched in. */
export type Searched = Pick<Connection, 'search'>

export class Membership {
  readonly #connection: Searched
  readonly #places: Places
  readonly #user: string
  readonly #nested: boolean
  #above: Promise<ReadonlySet<string>> | null = null

  /** `user`: his name as the directory writes it; `nested`: groups in groups count. */
  constructor(connection: Searched, places: Places, user: string, nested: boolean) {
    this.#connection = connection
    this.#places = places
    this.#user = user
    this.#nested = nested
  }

  /** Name of the first group that the filter finds; null: none. */
  async groupOf(filter: string): Promise<string | null> {
    const [group] = await this.#connection.search(this.#places.searchBase, 1, { filter, attributes: ['1.1'] })
    return group?.dn ?? null
  }

  async isIn(group: string): Promise<boolean> {
    if (await this.#holds(group, this.#direct())) return true
    if (!this.#nested) return false
    if (await hasChains(this.#connection))
      return this.#holds(group, `(member:${CHAIN}:=${filterValue(this.#user)})`)
    this.#above ??= this.#groupsAbove()
    return (await this.#above).has(plainName(group))
  }

  #direct(): string {
    const name = filterValue(this.#user)
    const uid = this.#uid()
    const byUid = uid === null ? '' : `(memberUid=${filterValue(uid)})`
    return `(|(member=${name})(uniqueMember=${name})${byUid})`
  }

  /** Only who stands right below the place of users is meant by his `uid` (reference: auth modules, 6.2). */
  #uid(): string | null {
    const parts = splitName(this.#user)
    if (parts === null || parts.type !== 'uid') return null
    return plainName(parts.rest) === plainName(this.#places.userBase) ? parts.value : null
  }

  async #holds(group: string, filter: string): Promise<boolean> {
    try {
      const found = await this.#connection.search(group, 1, { scope: 'base', filter, attributes: ['1.1'] })
      return found.length > 0
    } catch (error) {
      if (error instanceof DirectoryRefused && error.code === NO_ENTRY) return false
      throw error
    }
  }

  /** Every group he is in, from the nearest up. */
  async #groupsAbove(): Promise<ReadonlySet<string>> {
    const seen = new Set<string>()
    let level: readonly string[] = [this.#user]
    for (let step = 0; level.length > 0 && step < MOST_STEPS; step++) {
      const next: string[] = []
      for (let at = 0; at < level.length; at += AT_ONCE)
        for (const dn of await this.#parents(level.slice(at, at + AT_ONCE), step === 0)) {
          const name = plainName(dn)
          if (seen.has(name) || seen.size >= MOST_GROUPS) continue
          seen.add(name)
          next.push(dn)
        }
      level = next
    }
    return seen
  }

  async #parents(members: readonly string[], first: boolean): Promise<readonly string[]> {
    const names = members.map(dn => `(member=${filterValue(dn)})(uniqueMember=${filterValue(dn)})`).join('')
    const uid = first ? this.#uid() : null
    const filter = `(|${names}${uid === null ? '' : `(memberUid=${filterValue(uid)})`})`
    const options = { filter, attributes: ['1.1'] }
    const found = await this.#connection.search(this.#places.searchBase, MOST_GROUPS, options)
    return found.map(({ dn }) => dn)
  }
}

async function hasChains(connection: Searched): Promise<boolean> {
  const options = {
    scope: 'base' as const,
    filter: '(objectClass=*)',
    attributes: ['supportedCapabilities'],
  }
  const [root] = await connection.search('', 1, options)
  return [root?.['supportedCapabilities'] ?? []].flat().includes(ACTIVE_DIRECTORY)
}
