/** Header values from settings and expressions: whatever a client put into an expression, one clean field comes out. */
import { isConstant } from '../expression/index.ts'
import { checkField } from '../http/headers.ts'
import type { PluginServices, Template } from '../plugin/contract.ts'

/** A header field whose value may depend on the request. */
export interface FieldTemplate {
  /** As configured. */
  readonly name: string
  /** In lower case. */
  readonly key: string
  readonly value: Template
}

/** Control characters become spaces; characters beyond latin1 make the value UTF-8 (RFC 9110, 5.5). */
export function fieldValue(text: string): string {
  if (/^[\x20-\x7e\x80-\xff]*$/.test(text)) return text
  const clean = text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim()
  return /[^\x00-\xff]/.test(clean) ? Buffer.from(clean, 'utf8').toString('latin1') : clean
}

/** Compiles a text into a clean header value. */
export function fieldTemplate(text: string, services: PluginServices): Template {
  if (isConstant(text)) {
    const value = fieldValue(text)
    return () => value
  }
  const template = services.template(text)
  return exchange => fieldValue(template(exchange))
}

/** Compiles a map of header names and values. Blank names are left out. Throws on a name that is no token. */
export function fieldTemplates(
  fields: Readonly<Record<string, string>>,
  services: PluginServices,
): FieldTemplate[] {
  return cleanFields(fields).map(([name, value]) => ({
    name,
    key: name.toLowerCase(),
    value: fieldTemplate(value, services),
  }))
}

/** Names trimmed and checked, values as they are. Throws on a name that is no token. */
export function cleanFields(fields: Readonly<Record<string, string>>): [string, string][] {
  const clean: [string, string][] = []
  for (const [given, value] of Object.entries(fields)) {
    const name = given.trim()
    if (name === '') continue
    checkField(name, '')
    clean.push([name, value])
  }
  return clean
}
