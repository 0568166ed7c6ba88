/** Attributes of an entry, whose names have no case (RFC 4512, 2.5). */
import type { Entry } from 'ldapts'
import { guardedRegex } from '../../../expression/index.ts'

export type Attributes = ReadonlyMap<string, { readonly name: string; readonly values: readonly string[] }>

/** Never told to anybody, whatever the settings say: what passwords are checked with. */
const SECRETS = new Set(
  'userpassword unicodepwd dbcspwd lmpwdhistory ntpwdhistory supplementalcredentials pwdhistory authpassword sambantpassword sambalmpassword sambapasswordhistory krbprincipalkey krb5key ipanthash msds-managedpassword ms-mcs-admpwd'.split(
    ' ',
  ),
)
/** Characters of the longest value that is kept of an entry. */
const LONGEST = 8192

/** Values that are no text are left out. */
export function attributesOf(entry: Entry): Attributes {
  const found = new Map<string, { name: string; values: string[] }>()
  for (const [name, given] of Object.entries(entry)) {
    if (name === 'dn') continue
    const list: readonly unknown[] = Array.isArray(given) ? given : [given]
    const values = list.filter(value => typeof value === 'string')
    if (values.length > 0) found.set(name.toLowerCase(), { name, values })
  }
  return found
}

export function firstValue(attributes: Attributes, name: string): string | null {
  return attributes.get(name.toLowerCase())?.values[0] ?? null
}

/** What a profile keeps of an entry: attributes whose names fit `only`, when it names any, and do not fit `not`. */
export function profileFilter(only: readonly string[], not: readonly string[]) {
  const [wanted, unwanted] = [only, not].map(list => list.map(pattern => guardedRegex(pattern)))
  return (attributes: Attributes): Readonly<Record<string, string | readonly string[]>> => {
    const kept = [...attributes.values()].filter(({ name }) => {
      const [base = ''] = name.toLowerCase().split(';')
      if (SECRETS.has(base) || unwanted!.some(pattern => pattern.matchesWhole(name))) return false
      return wanted!.length === 0 || wanted!.some(pattern => pattern.matchesWhole(name))
    })
    return Object.fromEntries(
      kept
        .map(({ name, values }) => [name, values.filter(value => value.length <= LONGEST)] as const)
        .filter(([, values]) => values.length > 0)
        .map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
    )
  }
}
