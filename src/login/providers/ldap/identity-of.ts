/** What an entry of a directory makes of a user (reference: auth modules, 6.2). */
import { claimOf } from '../../../identity/jwt/jws.ts'
import { isObject } from '../../../model/types/shape.ts'
import type { Identity } from '../../contract.ts'
import { type Attributes, firstValue, profileFilter } from './entry.ts'
import { adminRights, type GroupFilter, type LdapSettings, rightsIn } from './rights-of.ts'

type Json = Readonly<Record<string, unknown>>

/** Throws when a pattern of the settings cannot be read. The maker answers null for an entry without an email. */
export function identityMaker(settings: LdapSettings) {
  const { nameField, emailField, extraMetadata, metadataField, dataOverride, extractProfile } = settings
  const profileOf = profileFilter(settings.extractProfileFilter, settings.extractProfileFilterNot)
  return (attributes: Attributes, groups: readonly GroupFilter[]): Identity | null => {
    const email = firstValue(attributes, emailField)
    if (email === null || email === '') return null
    const name = firstValue(attributes, nameField) ?? email
    const override = claimOf(dataOverride, email)
    const told = metadataField === null ? {} : objectIn(firstValue(attributes, metadataField))
    const overridden = isObject(override) ? override : {}
    const computed = rightsIn(settings, groups, email)
    const given = claimOf(settings.adminEntityValidatorsOverride, email)
    const adminEntityValidators = isObject(given) ? given : {}
    return {
      name,
      email,
      profile: {
        name,
        email,
        metadata: { ...extraMetadata, ...told, ...overridden },
        ...(extractProfile && { ldapProfile: profileOf(attributes) }),
        userRights: computed,
        adminEntityValidators,
      },
      token: {},
      otoroshiData: { ...extraMetadata, ...(isObject(override) ? override : told) },
      tags: [],
      metadata: {},
      rights: adminRights(settings, computed, email),
      adminEntityValidators,
    }
  }
}

function objectIn(text: string | null): Json {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
