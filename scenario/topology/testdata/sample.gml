# Every way to a latency, and to a label.
Creator "a hand"
graph [
  directed 0
  Network "Sample &amp; more"
  stats [ nodes 5 deeper [ still "ignored" ] ]
  edge [ source 0 target 1 dist 1146.1612345 ]
  node [ id 0 label "New York" lat 40.71 lon -74.01 ]
  node [ id 1 label "Chicago" Latitude 41.88 Longitude -87.63 graphics [ x 1 y 2 ] ]
  node [ id 2 label "Sao  Paulo" lat -23.55 lng -46.63 ]
  node [ id 3 label "New York" lat 43 lon -75.5 ]
  node [ id 4 ]
  node [ id 5 label "Z&#252;rich" lat 47.37 lon 8.54 ]
  edge [ source 0 target 2 LinkSpeedRaw 1000000000.0 ]
  edge [ source 0 target 3 latency 1.2345678 ]
  edge [ source 1 target 3 delay "250 us" length_m 1500 ]
  edge [ source 2 target 5 distance "9615.5 km" ]
  edge [ source 3 target 4 ]
  edge [ source 5 target 5 latency_us 0.5 ]
  edge [ source 5 target 0 latency 1e-3 ]
]
