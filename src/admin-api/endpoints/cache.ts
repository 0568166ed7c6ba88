/** Endpoints about the kept answers of backends. */
import { cacheFigures, purgeCache } from '../cache-api.ts'
import type { Endpoint } from './endpoint.ts'
import { flag, json, jsonOrYaml, listOf, object, text, textOrNull, whole } from './shapes.ts'

const tag = 'cache'

export const cacheEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/api/cache',
    id: 'cache.figures',
    tag,
    summary: 'What the instance keeps of the answers of backends',
    answers: {
      200: {
        description: 'Bytes, numbers of answers, and what became of requests since the start',
        content: json(
          object({
            memory: whole,
            used: whole,
            answers: whole,
            evicted: whole,
            hits: whole,
            stale: whole,
            misses: whole,
            bypassed: whole,
          }),
        ),
      },
    },
    refusals: [404],
    answer: cacheFigures,
  },
  {
    method: 'POST',
    path: '/api/cache/_purge',
    id: 'cache.purge',
    tag,
    summary:
      'Takes kept answers out of every instance on the store: by URL, by tag, or all of them; of one route or of every one',
    body: {
      description: 'Which answers: `urls` or `tags`, or `all`',
      content: jsonOrYaml(
        object(
          {},
          {
            route: { ...textOrNull, description: 'Id of a route; without it, answers of every route' },
            urls: { ...listOf(text), description: 'URLs as clients know them' },
            tags: { ...listOf(text), description: 'Tags of `Cache-Tag` or `Surrogate-Key`' },
            all: flag,
          },
        ),
      ),
      example: { tags: ['product-42'] },
    },
    answers: {
      200: {
        description: 'How many answers of this instance are gone',
        content: json(object({ purged: whole })),
      },
    },
    refusals: [404, 413],
    answer: purgeCache,
  },
]
