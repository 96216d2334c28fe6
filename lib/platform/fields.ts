import { z } from 'zod';

/** Schemas of values that many environments and clusters have; each message is the way out of a refusal. */
export const fields = {
  /** A DNS label: the form of most Kubernetes names. */
  dnsLabel: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'write lower-case letters, digits and dashes, at most 63'),
  /** A fully qualified host name such as `school.example.com`. */
  hostName: z
    .string()
    .max(253, 'write at most 253 characters')
    .regex(
      /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
      'write a full host name in lower case, e.g. school.example.com',
    ),
} as const;
