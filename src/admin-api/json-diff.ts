/** The difference of two JSON values as a JSON Patch (RFC 6902): applied to `before` it gives `after`. */
import { isObject } from '../model/types/shape.ts'
import { childPointer } from './json-pointer.ts'
import { equalJson } from './json-value.ts'

export type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** Linear in the size of the values: lists are compared from both ends, not searched for moved items. */
export function diffJson(before: unknown, after: unknown): Operation[] {
  const operations: Operation[] = []
  compare(before, after, '', operations)
  return operations
}

function compare(before: unknown, after: unknown, path: string, out: Operation[]): void {
  if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, out)
  else if (isObject(before) && isObject(after)) compareObjects(before, after, path, out)
  else if (!equalJson(before, after)) out.push({ op: 'replace', path, value: after })
}

function compareObjects(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: string,
  out: Operation[],
): void {
  for (const key of Object.keys(before))
    if (!Object.hasOwn(after, key)) out.push({ op: 'remove', path: childPointer(path, key) })
  for (const [key, value] of Object.entries(after)) {
    const at = childPointer(path, key)
    if (Object.hasOwn(before, key)) compare(before[key], value, at, out)
    else out.push({ op: 'add', path: at, value })
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  out: Operation[],
): void {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && equalJson(before[start], after[start])) start++
  let tail = 0
  while (
    tail < shorter - start &&
    equalJson(before[before.length - 1 - tail], after[after.length - 1 - tail])
  )
    tail++
  const [oldEnd, newEnd] = [before.length - tail, after.length - tail]
  const common = Math.min(oldEnd, newEnd)
  for (let i = start; i < common; i++) compare(before[i], after[i], childPointer(path, i), out)
  for (let i = oldEnd - 1; i >= common; i--) out.push({ op: 'remove', path: childPointer(path, i) })
  for (let i = common; i < newEnd; i++) out.push({ op: 'add', path: childPointer(path, i), value: after[i] })
}
