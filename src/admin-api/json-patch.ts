/**
 * JSON Patch, RFC 6902. Own, because the packages at hand reach inherited fields, do not take the whole document as a
 * target, or let a short patch double the document until memory is gone.
 *
 * Guarantees: all operations or none; the given document is not changed; only own fields are read and `__proto__` is
 * never written; the result is at most `maxCopied` values larger than document and patch.
 */
import { isObject } from '../model/types/shape.ts'
import { arrayIndex, parsePointer, valueAt } from './json-pointer.ts'
import { copyJson, equalJson, sizeOfJson } from './json-value.ts'

/** Values that the `copy` operations of one patch may add. */
const maxCopied = 200_000
/** Operations of one patch. */
const maxOperations = 10_000

/** Which operation failed, and why. */
export class PatchError extends Error {
  /** Position of the operation; -1: the patch itself. */
  readonly operation: number
  constructor(operation: number, message: string) {
    super(operation < 0 ? message : `operation ${operation}: ${message}`)
    this.name = 'PatchError'
    this.operation = operation
  }
}

/** Applies the operations to a copy of `document`. Throws `PatchError`. */
export function applyPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new PatchError(-1, 'a patch is a list of operations')
  if (patch.length > maxOperations)
    throw new PatchError(-1, `a patch holds at most ${maxOperations} operations`)
  const state = { root: copyJson(document), copied: 0 }
  for (const [i, operation] of patch.entries()) {
    try {
      apply(state, operation)
    } catch (error) {
      throw error instanceof Error ? new PatchError(i, error.message) : error
    }
  }
  return state.root
}

interface State {
  root: unknown
  copied: number
}

function apply(state: State, operation: unknown): void {
  if (!isObject(operation)) throw new Error('an operation is an object')
  const path = tokensOf(operation, 'path')
  switch (operation['op']) {
    case 'add':
      add(state, path, copyJson(givenValue(operation)))
      break
    case 'remove':
      take(state, path)
      break
    case 'replace':
      existing(state, path)
      put(state, path, copyJson(givenValue(operation)))
      break
    case 'move':
      move(state, tokensOf(operation, 'from'), path)
      break
    case 'copy':
      copy(state, tokensOf(operation, 'from'), path)
      break
    case 'test':
      if (!equalJson(existing(state, path), givenValue(operation)))
        throw new Error('the tested value is another')
      break
    default:
      throw new Error('op is add, remove, replace, move, copy or test')
  }
}

function move(state: State, from: readonly string[], path: readonly string[]): void {
  if (from.length < path.length && from.every((token, i) => token === path[i]))
    throw new Error('a value cannot be moved into itself')
  add(state, path, take(state, from))
}

function copy(state: State, from: readonly string[], path: readonly string[]): void {
  const value = existing(state, from)
  state.copied += sizeOfJson(value, maxCopied)
  if (state.copied > maxCopied) throw new Error('the patch copies too much')
  add(state, path, copyJson(value))
}

function tokensOf(operation: Record<string, unknown>, field: 'path' | 'from'): string[] {
  const pointer = Object.hasOwn(operation, field) ? operation[field] : undefined
  const tokens = typeof pointer === 'string' ? parsePointer(pointer) : null
  if (tokens === null) throw new Error(`${field} is a JSON pointer`)
  if (tokens.includes('__proto__')) throw new Error('the key __proto__ is not accepted')
  return tokens
}

function givenValue(operation: Record<string, unknown>): unknown {
  if (!Object.hasOwn(operation, 'value')) throw new Error('value is missing')
  return operation['value']
}

function existing(state: State, tokens: readonly string[]): unknown {
  const value = valueAt(state.root, tokens)
  if (value === undefined) throw new Error('there is nothing at this path')
  return value
}

function parentOf(state: State, tokens: readonly string[]): Record<string, unknown> | unknown[] {
  const parent = valueAt(state.root, tokens.slice(0, -1))
  if (!Array.isArray(parent) && !isObject(parent)) throw new Error('there is nothing to hold this path')
  return parent
}

function add(state: State, tokens: readonly string[], value: unknown): void {
  const last = tokens.at(-1)
  if (last === undefined) {
    state.root = value
    return
  }
  const parent = parentOf(state, tokens)
  if (!Array.isArray(parent)) {
    parent[last] = value
    return
  }
  const index = last === '-' ? parent.length : arrayIndex(last)
  if (index < 0 || index > parent.length) throw new Error('there is no such position in the list')
  parent.splice(index, 0, value)
}

function put(state: State, tokens: readonly string[], value: unknown): void {
  const last = tokens.at(-1)
  if (last === undefined) {
    state.root = value
    return
  }
  const parent = parentOf(state, tokens)
  if (Array.isArray(parent)) parent[arrayIndex(last)] = value
  else parent[last] = value
}

function take(state: State, tokens: readonly string[]): unknown {
  const value = existing(state, tokens)
  const last = tokens.at(-1)
  if (last === undefined) {
    state.root = null
    return value
  }
  const parent = parentOf(state, tokens)
  if (Array.isArray(parent)) parent.splice(arrayIndex(last), 1)
  else delete parent[last]
  return value
}
