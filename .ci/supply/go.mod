module supply

go 1.26.0
