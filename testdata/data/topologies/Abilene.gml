# The Abilene backbone (Internet2, United States), as it was about 2004.
#
# Written out from public facts: the eleven cities of its routers and the
# fourteen links between them, as Internet2 published them, and the cities'
# coordinates in degrees, rounded. No file was copied. A length is the great
# circle between the two cities in km, rounded; a test computes them again. Real
# fibre runs a longer way.
graph [
  name "Abilene"
  directed 0
  node [ id 0 label "New York" lat 40.71 lon -74.01 ]
  node [ id 1 label "Chicago" lat 41.88 lon -87.63 ]
  node [ id 2 label "Washington DC" lat 38.91 lon -77.04 ]
  node [ id 3 label "Seattle" lat 47.61 lon -122.33 ]
  node [ id 4 label "Sunnyvale" lat 37.37 lon -122.04 ]
  node [ id 5 label "Los Angeles" lat 34.05 lon -118.24 ]
  node [ id 6 label "Denver" lat 39.74 lon -104.99 ]
  node [ id 7 label "Kansas City" lat 39.10 lon -94.58 ]
  node [ id 8 label "Houston" lat 29.76 lon -95.37 ]
  node [ id 9 label "Atlanta" lat 33.75 lon -84.39 ]
  node [ id 10 label "Indianapolis" lat 39.77 lon -86.16 ]
  edge [ source 0 target 1 length 1144 ] # New York – Chicago
  edge [ source 0 target 2 length 327 ] # New York – Washington DC
  edge [ source 1 target 10 length 265 ] # Chicago – Indianapolis
  edge [ source 2 target 9 length 873 ] # Washington DC – Atlanta
  edge [ source 3 target 4 length 1139 ] # Seattle – Sunnyvale
  edge [ source 3 target 6 length 1641 ] # Seattle – Denver
  edge [ source 4 target 5 length 504 ] # Sunnyvale – Los Angeles
  edge [ source 4 target 6 length 1503 ] # Sunnyvale – Denver
  edge [ source 5 target 8 length 2206 ] # Los Angeles – Houston
  edge [ source 6 target 7 length 897 ] # Denver – Kansas City
  edge [ source 7 target 8 length 1041 ] # Kansas City – Houston
  edge [ source 7 target 10 length 727 ] # Kansas City – Indianapolis
  edge [ source 8 target 9 length 1128 ] # Houston – Atlanta
  edge [ source 9 target 10 length 688 ] # Atlanta – Indianapolis
]
