/** A record as MaxMind's City databases have them. */
export const berlin = {
  city: { names: { en: 'Berlin', de: 'Berlin' } },
  continent: { code: 'EU', names: { en: 'Europe' } },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  location: { latitude: 52.52, longitude: 13.405, time_zone: 'Europe/Berlin' },
  postal: { code: '10115' },
  subdivisions: [{ iso_code: 'BE', names: { en: 'Land Berlin' } }],
}
