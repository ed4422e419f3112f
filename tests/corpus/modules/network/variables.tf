variable "create" {
  description = "Whether anything is made at all."
  type        = bool
  default     = true
}

variable "name" {
  description = "Prefix of every name that the network's parts get."
  type        = string
}

variable "cidr_block" {
  description = "The network's own block, in CIDR notation."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false
}

variable "secondary_cidr_blocks" {
  description = "Blocks that are attached after the first."
  type        = list(string)
  default     = []
}

variable "ipv6_enabled" {
  description = "Asks for a block of IPv6 addresses."
  type        = bool
  default     = false
}

variable "ipv6_cidr_block" {
  description = "A block of one's own; the pool decides without one."
  type        = string
  default     = null
}

variable "ipv6_pool_id" {
  type    = string
  default = null
}

variable "ipam_pool_id" {
  description = "Where addresses are managed centrally."
  type        = string
  default     = null
}

variable "ipam_netmask_length" {
  description = "Bits of the block that the pool is asked for."
  type        = number
  default     = 20
}

variable "instance_tenancy" {
  description = "`default` or `dedicated`."
  type        = string
  default     = "default"
  nullable    = false
}

variable "dns_hostnames_enabled" {
  description = "Gives machines names."
  type        = bool
  default     = true
}

variable "dns_support_enabled" {
  description = "Answers queries at the second address of the block."
  type        = bool
  default     = true
}

variable "network_metrics_enabled" {
  type    = bool
  default = false
}

variable "availability_zones" {
  description = "Zones in which subnets are made, in order."
  type        = list(string)
}

variable "public_subnets" {
  description = "One block a zone; an empty list makes none."
  type        = list(string)
  default     = []
}

variable "public_subnet_names" {
  description = "Names in place of the generated ones."
  type        = list(string)
  default     = []
}

variable "public_subnet_suffix" {
  description = "Goes behind the name."
  type        = string
  default     = "public"
  nullable    = false

  validation {
    condition     = var.public_subnet_suffix == null || length(coalesce(var.public_subnet_suffix, "x")) < 256
    error_message = "The value of public_subnet_suffix is too long."
  }
}

variable "public_subnet_tags" {
  description = "Further tags of public subnets."
  type        = map(string)
  default     = {}
}

variable "public_subnet_tags_per_zone" {
  description = "Tags by zone, for instance `{ \"eu-west-1a\" = { rack = \"1\" } }`."
  type        = map(map(string))
  default     = {}
}

variable "public_subnet_ipv6_prefixes" {
  description = "Which sixty-fours of the block are handed out."
  type        = list(number)
  default     = [
    0,
    1,
    2,
    3,
    4,
    5,
  ]
}

variable "public_subnet_ipv6_native" {
  type    = bool
  default = false
}

variable "public_dedicated_acl" {
  description = "Makes an access list for public subnets alone."
  type        = bool
  default     = false
}

variable "public_inbound_acl_rules" {
  description = "What may come in."
  type        = list(map(string))
  default     = [
    {
      rule_number = "100"
      rule_action = "allow"
      from_port   = "0"
      to_port     = "0"
      protocol    = "-1"
      cidr_block  = "0.0.0.0/0"
    },
  ]
}

variable "public_outbound_acl_rules" {
  description = "What may go out."
  type        = list(map(string))
  default     = [
    {
      rule_number = "100"
      rule_action = "allow"
      from_port   = "0"
      to_port     = "0"
      protocol    = "-1"
      cidr_block  = "0.0.0.0/0"
    },
  ]
  nullable    = false
}

variable "public_acl_tags" {
  type    = map(string)
  default = {}
}

variable "public_route_table_tags" {
  description = "Further tags of the public route table."
  type        = map(string)
  default     = {}
}

variable "map_public_ip_on_launch" {
  description = "Whether machines in public subnets get a public address by themselves."
  type        = bool
  default     = false
}

variable "private_subnets" {
  description = "One block a zone."
  type        = list(string)
  default     = []
}

variable "private_subnet_names" {
  description = "Names in place of the generated ones."
  type        = list(string)
  default     = []
}

variable "private_subnet_suffix" {
  description = "Goes behind the name."
  type        = string
  default     = "private"
}

variable "private_subnet_tags" {
  description = "Further tags of private subnets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "private_subnet_tags_per_zone" {
  type    = map(map(string))
  default = {}
}

variable "private_subnet_ipv6_prefixes" {
  description = "Which sixty-fours of the block are handed out."
  type        = list(number)
  default     = []
}

variable "private_subnet_ipv6_native" {
  description = "No IPv4 at all."
  type        = bool
  default     = false
}

variable "private_dedicated_acl" {
  type    = bool
  default = false
}

variable "private_acl_tags" {
  type    = map(string)
  default = {}
}

variable "private_route_table_tags" {
  type    = map(string)
  default = {}
}

variable "database_subnets" {
  description = "Subnets with a group for database services."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "database_subnet_names" {
  type    = list(string)
  default = []
}

variable "database_subnet_suffix" {
  description = "Goes behind the name."
  type        = string
  default     = "db"
}

variable "database_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "database_subnet_group_name" {
  description = "The group's name; the network's, if null."
  type        = string
  default     = null
}

variable "database_subnet_group_tags" {
  type    = map(string)
  default = {}
}

variable "database_subnet_group_enabled" {
  description = "Whether the group is made."
  type        = bool
  default     = true
}

variable "database_route_table_enabled" {
  description = "Own routes in place of the private ones."
  type        = bool
  default     = false
  nullable    = false
}

variable "database_internet_gateway_route" {
  description = "Reachable from outside. **Think twice.**"
  type        = bool
  default     = false
}

variable "database_nat_gateway_route" {
  type    = bool
  default = false
}

variable "database_dedicated_acl" {
  type    = bool
  default = false
}

variable "cache_subnets" {
  type    = list(string)
  default = []
}

variable "cache_subnet_suffix" {
  type    = string
  default = "cache"
}

variable "cache_subnet_group_name" {
  type    = string
  default = null
}

variable "cache_subnet_group_enabled" {
  type     = bool
  default  = true
  nullable = false
}

variable "cache_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "isolated_subnets" {
  description = "Without any route to the outside."
  type        = list(string)
  default     = []
}

variable "isolated_subnet_names" {
  type    = list(string)
  default = []
}

variable "isolated_subnet_suffix" {
  type    = string
  default = "isolated"
}

variable "isolated_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "isolated_dedicated_acl" {
  type    = bool
  default = false
}

variable "outpost_subnets" {
  type     = list(string)
  default  = []
  nullable = false
}

variable "outpost_arn" {
  description = "The outpost that the subnets belong to."
  type        = string
  default     = null
}

variable "outpost_zone" {
  type    = string
  default = null
}

variable "outpost_subnet_suffix" {
  type    = string
  default = "outpost"
}

variable "default_acl_managed" {
  description = "Adopts the access list that comes with the network."
  type        = bool
  default     = true
}

variable "default_acl_name" {
  type    = string
  default = null
}

variable "default_acl_ingress" {
  description = "Rules for what comes in."
  type        = list(map(string))
  default     = [
    {
      rule_no    = "100"
      action     = "allow"
      from_port  = "0"
      to_port    = "0"
      protocol   = "-1"
      cidr_block = "0.0.0.0/0"
    },
    {
      rule_no         = "101"
      action          = "allow"
      from_port       = "0"
      to_port         = "0"
      protocol        = "-1"
      ipv6_cidr_block = "::/0"
    },
  ]
}

variable "default_acl_egress" {
  type     = list(map(string))
  default  = []
  nullable = false
}

variable "default_security_group_managed" {
  description = "Empties the default group, so that nobody relies on it."
  type        = bool
  default     = true
}

variable "default_security_group_ingress" {
  type    = list(map(string))
  default = []
}

variable "default_security_group_egress" {
  type    = list(map(string))
  default = []
}

variable "default_route_table_managed" {
  type    = bool
  default = true
}

variable "default_route_table_routes" {
  type    = list(map(string))
  default = []
}

variable "internet_gateway_enabled" {
  description = "Needed by public subnets."
  type        = bool
  default     = true
}

variable "internet_gateway_tags" {
  type     = map(string)
  default  = {}
  nullable = false
}

variable "egress_only_gateway_enabled" {
  description = "For IPv6 in private subnets."
  type        = bool
  default     = true
}

variable "nat_gateway_enabled" {
  description = "Lets private subnets reach the outside. \\$ matter."
  type        = bool
  default     = false
}

variable "nat_gateway_single" {
  description = "One for all zones: cheaper, and one thing to fail."
  type        = bool
  default     = false
}

variable "nat_gateway_per_zone" {
  type    = bool
  default = false
}

variable "nat_gateway_elastic_ips" {
  description = "Allocations that exist already."
  type        = list(string)
  default     = []
}

variable "nat_gateway_destination" {
  type    = string
  default = "0.0.0.0/0"
}

variable "nat_gateway_tags" {
  type     = map(string)
  default  = {}
  nullable = false
}

variable "nat_elastic_ip_tags" {
  type    = map(string)
  default = {}
}

variable "customer_gateways" {
  description = "By name: `bgp_asn`, `ip_address`."
  type        = map(map(any))
  default     = {}
}

variable "vpn_gateway_enabled" {
  type    = bool
  default = false
}

variable "vpn_gateway_id" {
  type    = string
  default = ""
}

variable "vpn_gateway_asn" {
  description = "Number of the autonomous system on our side."
  type        = string
  default     = "64512"
}

variable "vpn_gateway_zone" {
  type    = string
  default = null
}

variable "vpn_propagate_private" {
  type     = bool
  default  = false
  nullable = false
}

variable "vpn_propagate_public" {
  type    = bool
  default = false
}

variable "dhcp_options_enabled" {
  type    = bool
  default = false
}

variable "dhcp_domain_name" {
  type    = string
  default = ""
}

variable "dhcp_domain_name_servers" {
  type    = list(string)
  default = ["AmazonProvidedDNS"]
}

variable "dhcp_ntp_servers" {
  type    = list(string)
  default = []
}

variable "dhcp_netbios_name_servers" {
  type    = list(string)
  default = []
}

variable "dhcp_netbios_node_type" {
  type     = string
  default  = ""
  nullable = false
}

variable "flow_log_enabled" {
  type    = bool
  default = false
}

variable "flow_log_bucket" {
  type    = string
  default = null
}

variable "flow_log_format" {
  description = "The fields of a record."
  type        = string
  default     = "$${version} $${account-id} %%{x}"
}

variable "flow_log_interval" {
  description = "Seconds, 60 or 600."
  type        = number
  default     = 600
}

variable "flow_log_traffic" {
  type    = string
  default = "ALL"
}

variable "endpoint_services" {
  description = "Services that are reached without leaving the network."
  type        = set(string)
  default     = ["s3", "dynamodb"]
}

variable "endpoint_policies" {
  type     = map(string)
  default  = {}
  nullable = false
}

variable "peerings" {
  type    = any
  default = {}
}

variable "peering_auto_accept" {
  type    = bool
  default = false
}

variable "tags" {
  description = "Go to everything."
  type        = map(string)
  default     = {}
}

variable "network_tags" {
  type    = map(string)
  default = {
    "managed-by"  = "terraform"
    "cost.center" = "4711"
  }
}

variable "timeouts" {
  type    = map(string)
  default = {
    create = "20m"
    delete = "30m"
  }
}

variable "routes" {
  description = "Routes by name of the subnet group"
  type = map(object({
    cidr = string # the destination
    // exactly one of these
    gateway  = optional(string)
    peering  = optional(string)
    instance = optional(object({
      id        = string
      interface = optional(number, 0)
    }))

    /* takes precedence
       over the table's */
    priority = optional(number, 100)
    enabled  = optional(bool, true)
  }))
  default = {}
}
