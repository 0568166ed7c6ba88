/** Conversions between JSON and XML, as jobs. */
import type { ConvertJob, Outcome } from './job.ts'
import { XmlFault } from './xml/document.ts'
import { jsonToXml, UnfitForXml } from './xml/from-json.ts'
import { xmlToJson } from './xml/to-json.ts'

export function convert({ kind, text }: ConvertJob, most: number): Outcome {
  try {
    const made =
      kind === 'json-to-xml' ? jsonToXml(JSON.parse(text)) : JSON.stringify(xmlToJson(text.trimStart()))
    return made.length > most ? { ok: false, fault: 'too_large', details: [] } : { ok: true, text: made }
  } catch (error) {
    const isInput = [XmlFault, UnfitForXml, SyntaxError].some(kind => error instanceof kind)
    if (!isInput) throw error
    return { ok: false, fault: 'bad_input', details: [(error as Error).message] }
  }
}
