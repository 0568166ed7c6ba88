/** The whole gateway does not answer for some domains. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { domainList, domainListSettings } from './domain-list.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgIncomingRequestValidatorDeniedDomainNames',
  name: 'Globally denied domain names',
  description:
    'Refuses requests for the domains of the list, before a route is looked for. Stands in the incoming request validators of the global configuration.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: domainListSettings('Domains that are not served'),
  setup({ domains }) {
    if (domains === null) return {}
    const denied = domainList(domains)
    return { incoming: ({ domain }) => (denied(domain) ? refuse('domain_not_allowed') : undefined) }
  },
})
