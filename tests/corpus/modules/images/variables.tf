variable "immutable" {
  description = "Tags can't move."
  type = bool
  default = true
}

variable "scan_on_push" {
  type = bool
  default = true
}

variable "encryption" {
  type = string
  default = "AES256"
  nullable = false
}

variable "key_arn" {
  type = string
  default = null
}

variable "keep" {
  description = "Images."
  type = number
  default = 30
}

variable "keep_untagged_days" {
  type = number
  default = 7
}

variable "protected_prefixes" {
  type = list(string)
  default = ["v", "release-"]
}

variable "replicate_to" {
  description = "Regions."
  type = list(string)
  default = []
}

variable "pull_through" {
  description = "Caches, by prefix."
  type = map(string)
  default = {
    "docker.io" = "registry-1.docker.io"
    "quay.io"   = "quay.io"
  }
}

variable "readers" {
  description = "Accounts."
  type = list(string)
  default = []
  nullable = false
}

variable "writers" {
  type = list(string)
  default = []
}

variable "tags" {
  type = map(string)
  default = {}
}
