/**
 * Bodies in YAML. What reading one would cost is told from its tokens, before anything is built: the parser calls itself
 * for every level, and takes ten times as long as one of JSON.
 */
import { badRequest } from './api-error.ts'
import { tooDeep, tooMany } from './request-body.ts'

type Yaml = typeof import('yaml')

/** What follows this token is text, whatever it looks like. */
const SCALAR = '\x1f'

/** Repeats of what anchors name. */
const MOST_ALIASES = 50

/** Parses one document. Rejects with 400, quoting nothing of it. */
export async function parseYaml(text: string, maxDepth: number, maxValues: number): Promise<unknown> {
  const yaml = await import('yaml')
  refuseCostly(yaml, text, maxDepth, maxValues)
  try {
    return readDocument(yaml, text)
  } catch {
    throw badRequest('error while parsing yaml')
  }
}

function refuseCostly({ Lexer }: Yaml, text: string, maxDepth: number, maxValues: number): void {
  let flow = 0
  let onLine = 0
  let values = 1
  let isText = false
  for (const token of new Lexer().lex(text)) {
    if (isText) {
      isText = false
      continue
    }
    switch (token) {
      case SCALAR:
        isText = true
        continue
      case '\n':
      case '\r\n':
        onLine = 0
        continue
      case '[':
      case '{':
        flow++
        break
      case ']':
      case '}':
        flow--
        continue
      case ',':
        break
      // Each of them may open a level on the same line: `- - - a`.
      case '-':
      case '?':
      case ':':
        if (flow === 0) onLine++
        break
      default:
        continue
    }
    if (flow > maxDepth || onLine > maxDepth) throw tooDeep()
    if (++values > maxValues) throw tooMany(maxValues)
  }
}

function readDocument({ parseDocument, visit, isScalar }: Yaml, text: string): unknown {
  // The parser compares every key with every other one; that they differ is seen below, in one go.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  const [fault] = document.errors
  if (fault !== undefined) throw fault
  visit(document, {
    Map(_, { items }) {
      const keys = items.map(({ key }) => (isScalar(key) ? String(key.value) : key))
      if (new Set(keys).size < keys.length) throw new Error('a key is there twice')
    },
  })
  return document.toJS({ maxAliasCount: MOST_ALIASES })
}
