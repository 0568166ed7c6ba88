/** Finds a user in a directory and asks it about his password. */
import { type Binding, type Connection, DirectoryRefused } from './connection.ts'
import { type Attributes, attributesOf } from './entry.ts'
import { userFilter } from './escape.ts'
import { Membership, type Places } from './membership.ts'
import type { GroupFilter, LdapSettings } from './rights-of.ts'

export interface Found {
  readonly dn: string
  readonly attributes: Attributes
  /** Group filters whose group he is in. */
  readonly groups: readonly GroupFilter[]
}

/** Told what only the log may know. */
export type Say = (message: string) => void

/** Null: nobody, or more than one. Rejects with `DirectoryRefused` when the settings cannot search, or `DirectoryDown`. */
export async function findUser(
  connection: Connection,
  settings: LdapSettings,
  username: string,
  say: Say,
): Promise<Found | null> {
  await bindAs(connection, { name: settings.adminUsername ?? '', password: settings.adminPassword ?? '' })
  const places = placesOf(settings)
  const filter = userFilter(settings.searchFilter, username)
  const options = { filter, attributes: wantedAttributes(settings) }
  const [entry, another] = await connection.search(places.userBase, 2, options)
  if (entry === undefined || entry.dn === '') return null
  if (another !== undefined) {
    say('several entries have the login that was given: nobody is let in')
    return null
  }
  const membership = new Membership(connection, places, entry.dn, settings.nestedGroups === true)
  const groups: GroupFilter[] = []
  for (const group of settings.groupFilters) if (await isIn(membership, group.group)) groups.push(group)
  return { dn: entry.dn, attributes: attributesOf(entry), groups }
}

async function isIn(membership: Membership, filter: string): Promise<boolean> {
  const group = await membership.groupOf(filter)
  return group !== null && (await membership.isIn(group))
}

/** Whether the directory takes the password. Rejects with `DirectoryDown`. */
export async function isPassword(
  connection: Connection,
  dn: string,
  password: string,
  say: Say,
): Promise<boolean> {
  try {
    await connection.bind({ name: dn, password })
    return true
  } catch (error) {
    if (!(error instanceof DirectoryRefused)) throw error
    say(`${JSON.stringify(dn)}: the directory answers ${error.code} to the password`)
    return false
  }
}

/** What the user may read of himself, which may be more than what whoever searches may. */
export async function ownAttributes(
  connection: Connection,
  dn: string,
  settings: LdapSettings,
): Promise<Attributes> {
  const options = {
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: wantedAttributes(settings),
  } as const
  try {
    const [entry] = await connection.search(dn, 1, options)
    return entry === undefined ? new Map() : attributesOf(entry)
  } catch (error) {
    if (error instanceof DirectoryRefused) return new Map()
    throw error
  }
}

async function bindAs(connection: Connection, binding: Binding): Promise<void> {
  const { bound } = connection
  if (bound?.name === binding.name && bound.password === binding.password) return
  await connection.bind(binding)
}

function placesOf({ searchBase, userBase }: LdapSettings): Places {
  const under = userBase === null || userBase.trim() === '' ? '' : `${userBase},`
  return { searchBase, userBase: `${under}${searchBase}` }
}

function wantedAttributes({ extractProfile, nameField, emailField, metadataField }: LdapSettings): string[] {
  return extractProfile ? ['*'] : [nameField, emailField, ...(metadataField === null ? [] : [metadataField])]
}
