/** What is below a service descriptor, and lists of services (reference, 5.4). */
import {
  addTarget,
  getServiceTemplate,
  listTargets,
  patchTargets,
  putServiceTemplate,
  removeServiceTemplate,
  removeTarget,
  servicesOfGroup,
  servicesOfLine,
} from '../services-api.ts'
import { done, patchContent } from './bodies.ts'
import type { Endpoint, Success } from './endpoint.ts'
import { everyWrite } from './refusals.ts'
import { json, jsonOrYaml, listOf, named, object, text } from './shapes.ts'

const tag = 'service-descriptor'
const targets: Success = { description: 'Texts such as `https://host:443`', content: json(listOf(text)) }
const services: Success = {
  description: 'The services',
  content: json(listOf(named('proxy.otoroshi.io.ServiceDescriptor'))),
}
const template: Success = {
  description: 'The error template',
  content: json(named('proxy.otoroshi.io.ErrorTemplate')),
}
const target = {
  description: 'The target',
  content: jsonOrYaml(object({ target: text })),
  example: { target: 'https://shop.example.com:443' },
}
const templateBody = {
  description: 'The error template',
  content: jsonOrYaml(named('proxy.otoroshi.io.ErrorTemplate.Body')),
  example: { name: 'Of the shop', template40x: '<h1>${message}</h1>' },
}
const ofTargets = { path: '/api/services/{id}/targets', tag, answers: { 200: targets } } as const
const ofTemplate = { path: '/api/services/{id}/template', tag } as const

export const serviceEndpoints: readonly Endpoint[] = [
  {
    ...ofTargets,
    method: 'GET',
    id: 'services.targets',
    summary: 'The targets of a service',
    refusals: [404],
    answer: listTargets,
  },
  {
    ...ofTargets,
    method: 'POST',
    id: 'services.addTarget',
    summary: 'Adds a target to a service',
    body: target,
    refusals: everyWrite,
    answer: addTarget,
  },
  {
    ...ofTargets,
    method: 'DELETE',
    id: 'services.removeTarget',
    summary: 'Takes a target from a service',
    body: target,
    refusals: everyWrite,
    answer: removeTarget,
  },
  {
    ...ofTargets,
    method: 'PATCH',
    id: 'services.patchTargets',
    summary: 'Changes the list of targets of a service',
    body: { ...patchContent, example: [{ op: 'add', path: '/-', value: 'https://shop.example.com:443' }] },
    refusals: everyWrite,
    answer: patchTargets,
  },
  {
    ...ofTemplate,
    method: 'GET',
    id: 'services.errorTemplate',
    summary: 'The error template of a service',
    answers: { 200: template },
    refusals: [404],
    answer: getServiceTemplate,
  },
  {
    ...ofTemplate,
    method: 'POST',
    id: 'services.createErrorTemplate',
    summary: 'Sets the error template of a service',
    body: templateBody,
    answers: { 201: template },
    refusals: everyWrite,
    answer: putServiceTemplate,
  },
  {
    ...ofTemplate,
    method: 'PUT',
    id: 'services.updateErrorTemplate',
    summary: 'Sets the error template of a service',
    body: templateBody,
    answers: { 200: template },
    refusals: everyWrite,
    answer: putServiceTemplate,
  },
  {
    ...ofTemplate,
    method: 'DELETE',
    id: 'services.removeErrorTemplate',
    summary: 'Deletes the error template of a service',
    answers: { 200: done },
    refusals: [404, 409],
    answer: removeServiceTemplate,
  },
  {
    method: 'GET',
    path: '/api/lines/{line}/services',
    id: 'lines.services',
    tag,
    summary: 'The services of an environment',
    parameters: ['tenant'],
    answers: { 200: services },
    answer: servicesOfLine,
  },
  {
    method: 'GET',
    path: '/api/groups/{id}/services',
    id: 'groups.services',
    tag,
    summary: 'The services of a group',
    parameters: ['tenant'],
    answers: { 200: services },
    refusals: [404],
    answer: servicesOfGroup,
  },
]
