/** Values as sources give them, before their types are known. */

/** Text, number, boolean, null, or lists and objects of them. Objects of files have no prototype. */
export type Raw = string | number | boolean | null | readonly Raw[] | { readonly [key: string]: Raw }

export function isObject(value: Raw | undefined): value is { readonly [key: string]: Raw } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
