/** Runs a regular expression over a text in time proportional to both: all alternatives step forward together. */
import {
  type Assertion,
  isLineEnd,
  isWord,
  type ParsedRegex,
  type Regex,
  UnsupportedPattern,
} from './syntax.ts'

type Instruction =
  | { readonly op: 'set'; readonly has: (unit: number) => boolean }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'assert'; readonly what: Assertion }
  | { readonly op: 'match' }

const MOST_INSTRUCTIONS = 2000

/** Offsets of a match: start and end of the whole, then of each group; -1 where a group took no part. */
export type Match = readonly number[]

/** Steps that may still be taken: searching a text for every match may cost the square of it. */
export interface StepBudget {
  steps: number
}

export interface Machine {
  /**
   * First match at or behind `from`, leftmost; with `whole` only one that spans the text. Throws a RangeError when `budget`
   * is used up.
   */
  run(text: string, from: number, whole: boolean, budget?: StepBudget): Match | null
}

/** Throws `UnsupportedPattern` when the program would be too long. */
export function machine(pattern: string, parsed: ParsedRegex): Machine {
  const program: Instruction[] = []
  const emit = (instruction: Instruction): number => {
    if (program.length >= MOST_INSTRUCTIONS) throw new UnsupportedPattern(pattern, 'it is too long')
    return program.push(instruction) - 1
  }
  const compile = (node: Regex): void => {
    switch (node.kind) {
      case 'set':
        emit({ op: 'set', has: node.has })
        return
      case 'assert':
        emit({ op: 'assert', what: node.what })
        return
      case 'sequence':
        for (const part of node.parts) compile(part)
        return
      case 'group':
        emit({ op: 'save', slot: node.index * 2 })
        compile(node.part)
        emit({ op: 'save', slot: node.index * 2 + 1 })
        return
      case 'choice':
        compileChoice(node.parts)
        return
      case 'repeat':
        compileRepeat(node)
    }
  }
  const compileChoice = (parts: readonly Regex[]): void => {
    const ends: { op: 'jump'; to: number }[] = []
    parts.forEach((part, i) => {
      if (i === parts.length - 1) {
        compile(part)
        return
      }
      const split = { op: 'split' as const, first: 0, second: 0 }
      split.first = emit(split) + 1
      compile(part)
      const end = { op: 'jump' as const, to: 0 }
      emit(end)
      ends.push(end)
      split.second = program.length
    })
    for (const end of ends) end.to = program.length
  }
  const compileRepeat = (node: Regex & { kind: 'repeat' }): void => {
    for (let i = 0; i < node.min; i++) compile(node.part)
    const splits: { op: 'split'; first: number; second: number; into: number }[] = []
    const rounds = node.max === Number.POSITIVE_INFINITY ? 1 : node.max - node.min
    for (let i = 0; i < rounds; i++) {
      const split = { op: 'split' as const, first: 0, second: 0, into: 0 }
      const at = emit(split)
      split.into = at + 1
      splits.push(split)
      compile(node.part)
      if (node.max === Number.POSITIVE_INFINITY) emit({ op: 'jump', to: at })
    }
    for (const split of splits) {
      split.first = node.greedy ? split.into : program.length
      split.second = node.greedy ? program.length : split.into
    }
  }
  emit({ op: 'save', slot: 0 })
  compile(parsed.tree)
  emit({ op: 'save', slot: 1 })
  emit({ op: 'match' })
  const slots = (parsed.groups + 1) * 2
  return { run: (text, from, whole, budget) => run(program, slots, text, from, whole, budget) }
}

interface Thread {
  readonly at: number
  readonly saved: readonly number[]
}

function run(
  program: readonly Instruction[],
  slots: number,
  text: string,
  from: number,
  whole: boolean,
  budget?: StepBudget,
): Match | null {
  const empty: readonly number[] = new Array<number>(slots).fill(-1)
  // Position at which an instruction was last reached: each is entered once per position, which makes it linear.
  const reached = new Int32Array(program.length).fill(-1)
  let threads: Thread[] = []
  let best: Match | null = null
  const add = (list: Thread[], start: number, saved: readonly number[], position: number): void => {
    // A stack of our own: long alternations must not overflow the engine's.
    const stack: Thread[] = [{ at: start, saved }]
    while (stack.length > 0) {
      const thread = stack.pop()!
      if (reached[thread.at] === position) continue
      reached[thread.at] = position
      const instruction = program[thread.at]!
      if (instruction.op === 'jump') stack.push({ at: instruction.to, saved: thread.saved })
      else if (instruction.op === 'split')
        stack.push(
          { at: instruction.second, saved: thread.saved },
          { at: instruction.first, saved: thread.saved },
        )
      else if (instruction.op === 'save') {
        const copy = thread.saved.slice()
        copy[instruction.slot] = position
        stack.push({ at: thread.at + 1, saved: copy })
      } else if (instruction.op === 'assert') {
        if (holds(instruction.what, text, position)) stack.push({ at: thread.at + 1, saved: thread.saved })
      } else list.push(thread)
    }
  }
  for (let position = from; position <= text.length; position++) {
    if (best === null && (!whole || position === 0)) add(threads, 0, empty, position)
    if (threads.length === 0 && (whole || best !== null)) break
    if (budget !== undefined && (budget.steps -= threads.length + 1) < 0)
      throw new RangeError('the pattern takes too long on this text')
    const next: Thread[] = []
    const unit = position < text.length ? text.charCodeAt(position) : -1
    for (const thread of threads) {
      const instruction = program[thread.at]!
      if (instruction.op === 'match') {
        if (whole && position !== text.length) continue
        best = thread.saved
        break
      }
      if (instruction.op === 'set' && unit >= 0 && instruction.has(unit))
        add(next, thread.at + 1, thread.saved, position + 1)
    }
    threads = next
  }
  return best
}

function holds(what: Assertion, text: string, position: number): boolean {
  if (what === 'start') return position === 0
  if (what === 'end') return position === text.length
  if (what === 'line-start') return position === 0 || isLineEnd(text.charCodeAt(position - 1))
  if (what === 'line-end') return position === text.length || isLineEnd(text.charCodeAt(position))
  const before = position > 0 && isWord(text.charCodeAt(position - 1))
  const after = position < text.length && isWord(text.charCodeAt(position))
  return (before !== after) === (what === 'boundary')
}
