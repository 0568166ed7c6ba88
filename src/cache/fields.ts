/** Header fields as the cache keeps and reads them. */

/** Name in its original case, value. */
export type Field = readonly [name: string, value: string]

/** Fields looked up by lower-case name: those of a message, or kept ones. */
export interface Fields {
  getAll(name: string): string[]
}

/** A list of fields to look things up in. */
export function fieldsOf(list: readonly Field[]): Fields {
  return {
    getAll: name => list.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value),
  }
}

/** Value of a field that stands there once; null when it is missing or stands there several times. */
export function single(fields: Fields, name: string): string | null {
  const values = fields.getAll(name)
  return values.length === 1 ? values[0]!.trim() : null
}

/** Members of a list field over all its lines, without those that are empty. */
export function members(lines: readonly string[]): string[] {
  return lines
    .flatMap(line => line.split(','))
    .map(member => member.trim())
    .filter(member => member !== '')
}
