module mooring.invalid/stand-in

go 1.19
