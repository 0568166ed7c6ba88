/** jq itself, as WebAssembly. Only on the thread that transforms: a filter may run for ever. */
import { createRequire } from 'node:module'
import type { FilterJob, Outcome } from './job.ts'

/** Exit codes of a filter that does not compile. */
const NO_PROGRAM = new Set([2, 3])
const MOST_DETAILS = 10
const LONGEST_DETAIL = 500

/** The library puts it in front of each filter. */
const PREFIX = '$context[0] as $context | '

interface Jq {
  /** What is printed; undefined for nothing. Throws `JqExit`. */
  raw(input: string, filter: string, flags: string[]): string | undefined
}

interface JqExit {
  readonly exitCode?: number
  readonly stderr?: string
}

let loaded: Promise<Jq> | null = null

function load(): Promise<Jq> {
  // Both show in filters.
  process.argv[1] = 'jq'
  // The library prints what `debug` prints, which is what clients sent.
  console.warn = console.error = () => {}
  return createRequire(import.meta.url)('jq-web') as Promise<Jq>
}

export async function runFilter({ filter, input, context }: FilterJob, most: number): Promise<Outcome> {
  if (input !== null) {
    try {
      JSON.parse(input)
    } catch (error) {
      return { ok: false, fault: 'bad_input', details: [(error as Error).message] }
    }
  }
  loaded ??= load()
  const jq = await loaded
  try {
    // Without input nothing runs: the filter is compiled, and that is all.
    const text = (jq.raw(input ?? '', filter, ['-c', '--argjson', 'context', context]) ?? '').trim()
    return text.length > most ? { ok: false, fault: 'too_large', details: [] } : { ok: true, text }
  } catch (error) {
    const { exitCode, stderr } = error as JqExit
    if (exitCode === undefined) throw error
    return {
      ok: false,
      fault: NO_PROGRAM.has(exitCode) ? 'bad_filter' : 'failed',
      details: detailsOf(stderr ?? ''),
    }
  }
}

/** The sentences of jq without its own name and the place in a file that is none. */
function detailsOf(stderr: string): string[] {
  return stderr
    .replaceAll(PREFIX, '')
    .split('\n')
    .map(line => line.replace(/^jq: error(?: \(at [^)]*\))?:? ?/, '').trim())
    .filter(line => line !== '' && !/^jq: \d+ compile error/.test(line))
    .slice(0, MOST_DETAILS)
    .map(line => line.slice(0, LONGEST_DETAIL))
}
