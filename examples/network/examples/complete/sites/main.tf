output "zones" {
  description = "Zones of the sites"
  value       = ["north", "south"]
}
