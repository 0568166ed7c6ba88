/** The document as a page for people: plain HTML that loads and runs nothing. */
import { isObject } from '../../model/types/shape.ts'
import type { Document } from './document.ts'

type Json = Readonly<Record<string, unknown>>

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
details { border-bottom: 1px solid #8884; padding: .2rem 0 }
details > :not(summary) { margin-left: 1.2rem }
summary { cursor: pointer }
summary b { display: inline-block; width: 4.5rem }
code, pre { font: 13px ui-monospace, monospace }
pre { overflow: auto; max-height: 30rem }
`

/** The page. Everything of the document is escaped. */
export function documentPage(document: Document): string {
  const info = objectAt(document, 'info')
  const operations = byTag(objectAt(document, 'paths'))
  const schemas = Object.entries(objectAt(objectAt(document, 'components'), 'schemas'))
  const title = `${info['title']} ${info['version']}`
  const chapters = [...operations].map(
    ([tag, rows]) => `<h2 id="${escaped(tag)}">${escaped(tag)}</h2>${rows.join('')}`,
  )
  const links = [...operations.keys()].map(tag => `<a href="#${escaped(tag)}">${escaped(tag)}</a>`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<style>${style}</style></head><body><h1>${escaped(title)}</h1><p>${escaped(info['description'])}</p>
<p>${links.join(' · ')}</p>
${chapters.join('\n')}
<h2>Schemas</h2>
${schemas.map(([name, schema]) => schemaBlock(name, schema)).join('\n')}
</body></html>
`
}

function byTag(paths: Json): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [path, item] of Object.entries(paths))
    for (const [method, operation] of Object.entries(isObject(item) ? item : {})) {
      if (!isObject(operation)) continue
      const tag = String(listAt(operation, 'tags')[0] ?? '')
      const rows = found.get(tag) ?? []
      rows.push(operationBlock(method, path, operation))
      found.set(tag, rows)
    }
  return found
}

function operationBlock(method: string, path: string, operation: Json): string {
  const name = `<summary><b>${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code> ${escaped(operation['summary'])}</summary>`
  const parts = [
    paragraph(operation['description']),
    list('Parameters', listAt(operation, 'parameters').map(parameterLine)),
    list('Body', bodyLines(objectAt(operation, 'requestBody'))),
    list('Answers', Object.entries(objectAt(operation, 'responses')).flatMap(answerLines)),
    `<p>Operation <code>${escaped(operation['operationId'])}</code></p>`,
  ]
  return `<details>${name}${parts.join('')}</details>`
}

function schemaBlock(name: string, schema: unknown): string {
  const text = escaped(JSON.stringify(schema, null, 2))
  return `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code></summary><pre>${text}</pre></details>`
}

function parameterLine(parameter: unknown): string {
  const shown = isObject(parameter) ? parameter : {}
  const reference = shown['$ref']
  if (typeof reference === 'string') return `<code>${escaped(reference.split('/').at(-1))}</code>`
  return `<code>${escaped(shown['name'])}</code> ${escaped(shown['description'])}`
}

function bodyLines(body: Json): string[] {
  return Object.entries(objectAt(body, 'content')).map(contentLine)
}

function answerLines([status, answer]: [string, unknown]): string[] {
  const shown = isObject(answer) ? answer : {}
  const reference = shown['$ref']
  const what = typeof reference === 'string' ? reference.split('/').at(-1) : shown['description']
  return [`<b>${escaped(status)}</b> ${escaped(what)}`, ...bodyLines(shown)]
}

function contentLine([type, media]: [string, unknown]): string {
  const schema = isObject(media) && isObject(media['schema']) ? media['schema'] : {}
  return `<code>${escaped(type)}</code> ${schemaText(schema)}`
}

function schemaText(schema: Json): string {
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const name = escaped(reference.split('/').at(-1))
    return `<a href="#schema-${name}">${name}</a>`
  }
  const { items } = schema
  if (isObject(items) && typeof items['$ref'] === 'string') return `list of ${schemaText(items)}`
  return `<code>${escaped(JSON.stringify(schema))}</code>`
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<p>${title}</p><ul>${lines.map(line => `<li>${line}</li>`).join('')}</ul>`
}

function paragraph(text: unknown): string {
  return text === undefined ? '' : `<p>${escaped(text)}</p>`
}

function objectAt(value: Json, key: string): Json {
  const inner = value[key]
  return isObject(inner) ? inner : {}
}

function listAt(value: Json, key: string): readonly unknown[] {
  const inner = value[key]
  return Array.isArray(inner) ? inner : []
}

function escaped(value: unknown): string {
  return String(value ?? '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
