variable "zone_name" {
  type        = string
  description = "With or without the dot at its end."
}

variable "zone_comment" {
  default = ""
  type    = string
}

variable "zone_private" {
  default     = false
  type        = bool
  description = "Only within networks."
  nullable    = false
}

variable "zone_networks" {
  default     = []
  type        = list(string)
  description = "Ids of the networks."
}

variable "zone_force_destroy" {
  default = false
  type    = bool
}

variable "delegation_set" {
  default = null
  type    = string
}

variable "default_ttl" {
  default     = 300
  type        = number
  description = "Seconds."
}

variable "records" {
  default     = {}
  type        = map(object({ type = string, values = list(string), ttl = optional(number) }))
  description = "By name, `@` for the zone's own."
}

variable "alias_records" {
  default = {}
  type    = map(map(string))
}

variable "mail_servers" {
  default     = []
  type        = list(string)
  description = "For instance `10 mx.example.com.`"
  nullable    = false
}

variable "spf" {
  default = ["-all"]
  type    = list(string)
}

variable "dmarc_policy" {
  default = "quarantine"
  type    = string
}

variable "dkim_keys" {
  default = {}
  type    = map(string)
}

variable "caa_issuers" {
  default = ["letsencrypt.org"]
  type    = list(string)
}

variable "dnssec_enabled" {
  default = false
  type    = bool
}

variable "dnssec_key_arn" {
  default = null
  type    = string
}

variable "health_checks" {
  default  = {}
  type     = map(any)
  nullable = false
}

variable "query_log_enabled" {
  default = false
  type    = bool
}

variable "query_log_group" {
  default = null
  type    = string
}

variable "tags" {
  default = {}
  type    = map(string)
}
