/** Settings from a configuration file: JSON (`.json`), YAML (`.yaml`, `.yml`) or HOCON (any other name). */
import { extname } from 'node:path'
import { createRequire } from 'node:module'
import { didYouMean } from '../did-you-mean.ts'
import { Findings } from '../given.ts'
import { parseHocon } from '../hocon/parse.ts'
import { type Outside, resolveHocon } from '../hocon/resolve.ts'
import { canonical, isIdle, isIdleKey, keyNames, LOGGERS, settingOf } from '../known.ts'
import { isObject, type Raw } from '../raw.ts'

const MAX_DEPTH = 64
const MAX_SIZE = 16 * 1024 * 1024

export interface ConfigurationFile {
  /** As it was named. */
  readonly path: string
  readonly text: string
  /** What `${…}` may name besides the file itself. */
  readonly outside: Outside
}

export function fromFile(file: ConfigurationFile): Findings {
  const found = new Findings()
  const { path } = file
  try {
    if (file.text.length > MAX_SIZE) throw new Error('the file is too large')
    const named = new Set<string>()
    const tree = parse(file, named)
    if (!isObject(tree)) throw new Error('a configuration is an object')
    collect(tree, path, named, found)
  } catch (error) {
    found.faults.push(`${path}: ${reasonOf(error)}`)
  }
  return found
}

function parse({ path, text, outside }: ConfigurationFile, named: Set<string>): Raw {
  switch (extname(path).toLowerCase()) {
    case '.json':
      return json(text)
    case '.yaml':
    case '.yml':
      return yaml(text)
    default:
      return resolveHocon(parseHocon(text, named), outside)
  }
}

// Messages of both readers quote the text, which may hold secrets: only the place and the kind of the fault are told.

function json(text: string): Raw {
  try {
    return JSON.parse(text) as Raw
  } catch (error) {
    const place = /at position (\d+)/.exec(error instanceof Error ? error.message : '')
    const line = place === null ? null : text.slice(0, Number(place[1])).split('\n').length
    throw new Error(line === null ? 'not valid JSON' : `line ${line}: not valid JSON`)
  }
}

function yaml(text: string): Raw {
  // Loaded when there is such a file: it is a tenth of all that a start would load.
  const { parseDocument, visit } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  const document = parseDocument(text)
  const [fault] = document.errors
  if (fault !== undefined)
    throw new Error(
      `line ${fault.linePos?.[0].line ?? 1}: not valid YAML (${fault.code.toLowerCase().replaceAll('_', ' ')})`,
    )
  // A number that is written otherwise than numbers are printed may be a secret or an id: it stays as written.
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'number' && node.source !== undefined && String(node.value) !== node.source)
        node.value = node.source
    },
  })
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new Error('not valid YAML (an alias without anchor, or too many aliases)')
  }
  return (value as Raw | undefined) ?? {}
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'nested too deeply'
  return error instanceof Error ? error.message : String(error)
}

interface Leaf {
  readonly written: string
  readonly raw: Raw
}

/** Keys of `named` that mean nothing here are values the author uses elsewhere in the file. */
function collect(
  tree: { readonly [key: string]: Raw },
  path: string,
  named: ReadonlySet<string>,
  found: Findings,
): void {
  const leaves: Leaf[] = []
  walk(tree, '', MAX_DEPTH, leaves)
  const given = new Map<string, Leaf>()
  // `app` first: where both trees name a setting, `otoroshi` wins.
  for (const leaf of leaves.sort((a, b) => Number(inApp(b)) - Number(inApp(a))))
    given.set(canonical(leaf.written), leaf)
  const order = [...given.keys()].sort((a, b) => aliasRank(a) - aliasRank(b))
  for (const key of order) {
    const { written, raw } = given.get(key)!
    const name = `${path}: ${written}`
    const setting = settingOf(key)
    if (setting !== undefined) found.given.push({ key: setting.declaration.key, name, raw })
    else if (key.startsWith(LOGGERS)) found.given.push({ key, name, raw })
    else if (isIdle(key)) found.idle(written)
    else if (!isNamed(written, named))
      found.faults.push(`${name}: unknown setting${didYouMean(key, keyNames())}`)
  }
}

/** True when a substitution names the key or what it is in. */
function isNamed(key: string, named: ReadonlySet<string>): boolean {
  for (let at = key; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.'))))
    if (named.has(at)) return true
  return false
}

function inApp(leaf: Leaf): boolean {
  return leaf.written.startsWith('app.')
}

/** Later aliases of a setting win over earlier ones. */
function aliasRank(key: string): number {
  return (settingOf(key)?.declaration.aliases?.indexOf(key) ?? -1) + 1
}

function walk(raw: Raw, at: string, depthLeft: number, leaves: Leaf[]): void {
  if (raw === null) return
  const key = canonical(at)
  if (!isObject(raw) || (at !== '' && (settingOf(key) !== undefined || isIdleKey(key)))) {
    leaves.push({ written: at, raw })
    return
  }
  if (depthLeft === 0) throw new Error(`${at}: nested too deeply`)
  for (const [name, inner] of Object.entries(raw))
    walk(inner, at === '' ? name : `${at}.${name}`, depthLeft - 1, leaves)
}
