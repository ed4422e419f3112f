variable "name" {
  type = string
}

variable "project" {
  type = string
}

variable "region" {
  default  = "europe-west4"
  type     = string
  nullable = false
}

variable "engine" {
  type        = string
  default     = "POSTGRES_16"
  description = "Which engine, and of which version."
}

variable "tier" {
  default = "db-custom-2-7680"
  type    = string

  validation {
    condition     = var.tier == null || length(coalesce(var.tier, "x")) < 256
    error_message = "The value of tier is too long."
  }
}

variable "availability" {
  default = "ZONAL"
  type    = string
}

variable "disk_size" {
  type        = number
  default     = 10
  description = "GB."
}

variable "disk_type" {
  default = "PD_SSD"
  type    = string
}

variable "disk_autoresize" {
  default = true
  type    = bool
}

variable "disk_autoresize_limit" {
  default  = 0
  type     = number
  nullable = false
}

variable "deletion_protection" {
  default = true
  type    = bool
}

variable "backup_enabled" {
  default = true
  type    = bool
}

variable "backup_start" {
  default = "03:00"
  type    = string
}

variable "backup_retained" {
  default = 7
  type    = number
}

variable "point_in_time" {
  default = true
  type    = bool
}

variable "log_retention" {
  default = 7
  type    = number
}

variable "maintenance_day" {
  default  = 1
  type     = number
  nullable = false
}

variable "maintenance_hour" {
  default = 23
  type    = number
}

variable "maintenance_track" {
  default = "canary"
  type    = string
}

variable "flags" {
  type        = list(object({ name = string, value = string }))
  default     = [
    {
      name  = "max_connections"
      value = "200"
    },
    {
      name  = "log_min_duration_statement"
      value = "500"
    },
  ]
  description = "Of the engine."
}

variable "databases" {
  default = []
  type    = list(object({ name = string, charset = optional(string, "UTF8") }))
}

variable "users" {
  default = []
  type    = list(map(string))
}

variable "networks" {
  default = []
  type    = list(string)
}

variable "require_ssl" {
  default  = true
  type     = bool
  nullable = false
}

variable "private_network" {
  default = null
  type    = string
}

variable "read_replicas" {
  default = []
  type    = list(any)
}

variable "insights" {
  default = null
  type    = any
}

variable "labels" {
  default = {}
  type    = map(string)
}

variable "root_password" {
  type        = string
  default     = ""
  description = "Generated if empty."
  sensitive   = true

  validation {
    condition     = var.root_password == null || length(coalesce(var.root_password, "x")) < 256
    error_message = "The value of root_password is too long."
  }
}

variable "n_plain" { default = 3 }
variable "n_negative" { default = -5 }
variable "n_negative_fraction" { default = - 0.25 }
variable "n_fraction" { default = 3.50 }
variable "n_whole_fraction" { default = 4.0 }
variable "n_exponent" { default = 1e3 }
variable "n_exponent_sign" { default = 1.5E+2 }
variable "n_exponent_small" { default = 25e-2 }
variable "n_large" { default = 12345678901234567890 }
variable "n_max_exact" { default = 9007199254740993 }
variable "n_zero" { default = -0 }
variable "n_many_digits" { default = 0.1000000000000000055511151231257827 }
variable "n_e20" { default = 1e20 }
variable "n_sum" { default = 1 + 2 * 3 }
variable "n_parentheses" { default = (1 + 2) * 3 }
variable "n_division" { default = 10 / 4 }
variable "n_remainder" { default = 10 % 4 }
variable "n_chain" { default = 10 - 4 - 3 }
variable "b_not" { default = !true }
variable "b_compare" { default = 2 > 1 }
variable "b_logic" { default = true && (false || true) }
variable "b_equal" { default = "a" == "b" }
variable "s_conditional" { default = 1 < 2 ? "yes" : "no" }
variable "s_template" { default = "${1 + 1} and ${"two"} and ${true}" }
variable "n_template_alone" { default = "${5}" }
variable "s_index" { default = ["a", "b"][1] }
variable "l_mixed" { default = ["a", 1, true, null, 2.50, -1, [], {}] }
variable "m_mixed" { default = { z = 1, a = "x", 1 = 2 } }
variable "m_keys" {
  default = {
    "quoted key"  : 1
    plain         : 2,
    (3)           = 3
    ("in" )       = 4
    null          = 5
    true          = 6
    for-each      = 7
    "${"te"}mpl"  = 8
    "a.b" = { "c.d" = [] } }
}
