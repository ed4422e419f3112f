#!/bin/sh
exec terraform apply
