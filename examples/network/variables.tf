variable "name" {
  type        = string
  description = "Name of the network, used as a prefix of everything in it"

  validation {
    condition     = length(var.name) > 0
    error_message = "The name must not be empty."
  }
}

variable "cidr" {
  type        = string
  description = "Address range of the whole network"
  default     = "10.0.0.0/16"
}

variable "zones" {
  type        = list(string)
  description = "Zones that get a subnet of each tier"
  default     = ["a", "b"]
}

variable "tiers" {
  type        = set(string)
  description = "Tiers of subnets"
  default     = ["private", "public"]
}

variable "subnet_bits" {
  type        = number
  description = "How many bits a subnet's prefix is longer than the network's"
  default     = 8
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything"
  default     = {}
}

# Whether the network is reachable from outside.
variable "internet" {
  type    = bool
  default = false
}

variable "dns" {
  type = object({
    domain  = string
    servers = optional(list(string), [])
    # seconds
    ttl = optional(number, 300)
  })
  description = "Name resolution in the network"
  default     = null
}

variable "peers" {
  type = map(object({
    cidr    = string
    account = optional(string)
    accept  = optional(bool, true)
  }))
  description = <<-EOT
    Networks that are connected, by name:

    - `cidr`: their address range
    - `account`: whose they are
  EOT
  default     = {}
}

variable "rules" {
  type = list(object({
    name     = string
    port     = number
    protocol = optional(string, "tcp")
    from     = optional(list(string), ["10.0.0.0/8"])
  }))
  description = "What is let in"
  default     = []
}

variable "secret" {
  type        = string
  description = "Shared secret of the peers"
  default     = null
  sensitive   = true
}

variable "environment" {
  type        = string
  description = "Name of the environment"
  default     = "test"
}

variable "owner" {
  description = "Who to ask"
  default     = "platform"
}

variable "cost_centre" {
  type        = string
  description = "Who pays"
  default     = ""
}

variable "flow_logs" {
  type        = bool
  description = "Whether traffic is logged"
  default     = true
}

variable "flow_log_days" {
  type        = number
  description = "How long traffic logs are kept, in days"
  default     = 30
}

variable "gateways" {
  type        = number
  description = "Number of gateways; `0` for none"
  default     = 1
}

variable "ipv6" {
  type        = bool
  description = "Whether there are IPv6 addresses as well"
  default     = false
}

variable "mtu" {
  type        = number
  description = "Largest packet, in bytes"
  default     = 1500
}

variable "reserved" {
  type        = list(string)
  description = "Ranges that are never given to a subnet"
  default     = []
}

variable "labels" {
  type        = map(any)
  description = "Free labels"
  default     = { managed = true }
}

variable "legacy" {
  type        = any
  description = "Settings of the old network, passed on as they are"
  default     = {}
}

variable "maintenance" {
  type        = tuple([string, number])
  description = "Day and hour at which changes may be made"
  default     = ["sunday", 3]
}

variable "timeouts" {
  type = object({
    create = optional(string, "10m")
    delete = optional(string, "20m")
  })
  description = "How long to wait"
  default     = {}
}
