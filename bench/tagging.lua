-- wrk: PUT ?tagging, another object each time, unsigned; as cheap as a client can be.
wrk.method = "PUT"
wrk.headers["Content-Type"] = "application/xml"
wrk.body = "<Tagging><TagSet><Tag><Key>project</Key><Value>lading</Value></Tag></TagSet></Tagging>"

local number = 0

request = function()
  number = number + 1
  return wrk.format(nil, string.format("/objects-0/object-%08d?tagging", number))
end
