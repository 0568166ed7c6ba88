/** Endpoints of the snow monkey. */
import {
  listOutages,
  patchSnowMonkeyConfig,
  replaceSnowMonkeyConfig,
  resetOutages,
  snowMonkeyConfig,
  startSnowMonkey,
  stopSnowMonkey,
} from '../snow-monkey-api.ts'
import type { Endpoint } from './endpoint.ts'
import { anything, flag, json, jsonOrYaml, listOf, mapOf, object, text, whole } from './shapes.ts'

const tag = 'snowmonkey'
const path = '/api/snowmonkey'
const controller = 'otoroshi.controllers.adminapi.SnowMonkeyController'
const settings = mapOf(anything)
const done = { 200: { description: 'It is done', content: json(object({ done: flag })) } }
const config = {
  200: { description: '`snowMonkeyConfig` of the global configuration', content: json(settings) },
}

export const snowMonkeyEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: `${path}/_start`,
    id: `${controller}.startSnowMonkey`,
    tag,
    summary: 'Wakes the snow monkey',
    parameters: ['dryRun'],
    answers: done,
    answer: startSnowMonkey,
  },
  {
    method: 'POST',
    path: `${path}/_stop`,
    id: `${controller}.stopSnowMonkey`,
    tag,
    summary: 'Sends the snow monkey to sleep; outages end',
    parameters: ['dryRun'],
    answers: done,
    answer: stopSnowMonkey,
  },
  {
    method: 'GET',
    path: `${path}/config`,
    id: `${controller}.getSnowMonkeyConfig`,
    tag,
    summary: 'Settings of the snow monkey',
    answers: config,
    answer: snowMonkeyConfig,
  },
  {
    method: 'PUT',
    path: `${path}/config`,
    id: `${controller}.updateSnowMonkey`,
    tag,
    summary: 'Exchanges the settings of the snow monkey',
    parameters: ['dryRun'],
    body: { description: 'The settings', content: jsonOrYaml(settings), example: { timesPerDay: 2 } },
    answers: config,
    refusals: [413],
    answer: replaceSnowMonkeyConfig,
  },
  {
    method: 'PATCH',
    path: `${path}/config`,
    id: `${controller}.patchSnowMonkey`,
    tag,
    summary: 'Changes settings of the snow monkey',
    parameters: ['dryRun'],
    body: { description: 'What changes', content: jsonOrYaml(settings), example: { dryRun: true } },
    answers: config,
    refusals: [413],
    answer: patchSnowMonkeyConfig,
  },
  {
    method: 'GET',
    path: `${path}/outages`,
    id: `${controller}.getSnowMonkeyOutages`,
    tag,
    summary: 'Outages that hold now',
    answers: {
      200: {
        description: 'Routes in an outage; times in epoch milliseconds',
        content: json(
          listOf(
            object({
              descriptorId: text,
              descriptorName: text,
              until: whole,
              duration: whole,
              startedAt: whole,
            }),
          ),
        ),
      },
    },
    refusals: [404],
    answer: listOutages,
  },
  {
    method: 'DELETE',
    path: `${path}/outages`,
    id: `${controller}.resetSnowMonkey`,
    tag,
    summary: 'Ends the outages that hold now',
    parameters: ['dryRun'],
    answers: done,
    refusals: [404],
    answer: resetOutages,
  },
]
