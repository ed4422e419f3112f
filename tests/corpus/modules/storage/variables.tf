variable "name" {
  description = "Three to twenty-four lower-case letters and digits."
  type        = string
}

variable "resource_group" {
  type = string
}

variable "location" {
  type     = string
  default  = "westeurope"
  nullable = false
}

variable "tier" {
  description = "`Standard` or `Premium`."
  type        = string
  default     = "Standard"
}

variable "replication" {
  type    = string
  default = "ZRS"

  validation {
    condition     = var.replication == null || length(coalesce(var.replication, "x")) < 256
    error_message = "The value of replication is too long."
  }
}

variable "access_tier" {
  type    = string
  default = "Hot"
}

variable "kind" {
  type    = string
  default = "StorageV2"
}

variable "https_only" {
  type    = bool
  default = true
}

variable "min_tls_version" {
  type    = string
  default = "TLS1_2"
}

variable "public_access" {
  type     = bool
  default  = false
  nullable = false
}

variable "shared_key_access" {
  type    = bool
  default = false
}

variable "infrastructure_encryption" {
  type    = bool
  default = true
}

variable "large_file_share" {
  type    = bool
  default = null
}

variable "hierarchical_namespace" {
  description = "Needed by analytics."
  type        = bool
  default     = false
}

variable "sftp" {
  type    = bool
  default = false
}

variable "nfsv3" {
  type    = bool
  default = false
}

variable "versioning" {
  type     = bool
  default  = true
  nullable = false
}

variable "change_feed" {
  type    = bool
  default = false
}

variable "change_feed_retention" {
  type    = number
  default = 7
}

variable "soft_delete_days" {
  type    = number
  default = 30
}

variable "container_delete_days" {
  type    = number
  default = 30
}

variable "restore_days" {
  type    = number
  default = 0
}

variable "last_access_time" {
  type    = bool
  default = false
}

variable "cors_rules" {
  type     = any
  default  = []
  nullable = false
}

variable "static_website" {
  type    = map(string)
  default = {}
}

variable "custom_domain" {
  type    = string
  default = ""
}

variable "queues" {
  type    = set(string)
  default = []
}

variable "tables" {
  type    = set(string)
  default = []
}

variable "shares" {
  type    = map(number)
  default = {
    home    = 50
    scratch = 1024
  }
}

variable "locks" {
  type    = map(string)
  default = {}
}

variable "diagnostics" {
  type     = map(list(string))
  default  = {
    blob = ["StorageRead", "StorageWrite"]
    file = []
  }
  nullable = false
}

variable "identity" {
  type    = string
  default = "SystemAssigned"
}

variable "customer_managed_key" {
  type    = any
  default = null
}

variable "private_endpoints" {
  type    = map(string)
  default = {}
}

variable "tags" {
  type    = map(string)
  default = {}
}

# Comment of a variable
# with Windows line ends
variable "containers" {
  type = map(object({
    # who may read
    access   = optional(string, "private")
    metadata = optional(map(string), {})
  }))
  default = {}
}

variable "network_rules" {
  description = <<EOT
Which networks may come in:

- `default`: "Allow" or "Deny"
- `ips`: addresses
EOT
  type = object({
    default = string
    ips     = list(string)
  })
  default = null
}

variable "lifecycle_rule" {
  description = <<-TEXT
    Moves what is old.
      Indented.
    TEXT
  default = <<JSON
{"rules": []}
JSON
}
