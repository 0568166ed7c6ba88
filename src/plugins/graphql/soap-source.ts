/** Fields whose values a SOAP service gives. */
import { GraphQLError } from 'graphql'
import type { PluginServices } from '../../plugin/index.ts'
import { xmlToJson } from '../../transform/index.ts'
import { filterText } from '../jq-filter.ts'
import { soapText, urlText } from './call-texts.ts'
import { type Directive, textOf } from './directives.ts'
import type { FieldSource } from './field-sources.ts'

const PATIENCE = 30_000

/** Throws a sentence. */
export function soapSource(directive: Directive, services: PluginServices): FieldSource {
  const url = urlText(textOf(directive, 'url') ?? '', services, 'url')
  const envelope = soapText(textOf(directive, 'envelope') ?? '', services)
  const action = textOf(directive, 'action')
  const type = textOf(directive, 'charset') ?? 'text/xml; charset=utf-8'
  const filter = textOf(directive, 'jq_response_filter')
  return async ({ exchange, desk }, field) => {
    const { body } = await desk.send({
      method: 'POST',
      url: url(exchange, field),
      headers: [
        ['Content-Type', type],
        ...(action === undefined
          ? []
          : ([
              ['SOAPAction', action],
              ['X-SOAP-RequestAction', action],
            ] as const)),
      ],
      body: envelope(exchange, field),
      timeout: PATIENCE,
      maxBody: services.bodyLimit,
    })
    let json: unknown
    try {
      json = xmlToJson(body.toString().trimStart())
    } catch {
      throw new GraphQLError('a service did not answer XML')
    }
    if (filter === undefined) return json
    const made = await filterText(filter, JSON.stringify(json), () => ({}), services.bodyLimit * 4)
    if (!made.ok) throw new GraphQLError('the filter on the answer of a service failed')
    return JSON.parse(made.text) as unknown
  }
}
