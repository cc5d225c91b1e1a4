# As look.sh; the registry has each rule in a line.
param($texts, $what)
$ErrorActionPreference = 'Stop'
$noted = Join-Path $env:SystemRoot 'Portcullis\ansible.txt'
$key = Get-Item 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'
$is = @($key.GetValueNames() | Sort-Object | ForEach-Object { $key.GetValue($_) } | Where-Object { $_ -match 'Portcullis' })
if ($is) { $is += Get-NetFirewallProfile | ForEach-Object { "$($_.Name) $($_.Enabled) $($_.DefaultInboundAction) $($_.DefaultOutboundAction)" } }
$now = (@($texts) + $is) -join "`n"
if ($what -eq 'present') {
  New-Item -ItemType Directory -Force (Split-Path $noted) | Out-Null
  [IO.File]::WriteAllText($noted, $now)
} elseif ($what) { Remove-Item $noted -ErrorAction SilentlyContinue }
$known = Test-Path $noted
if ($known -and [IO.File]::ReadAllText($noted) -ceq $now) { 'in place' } elseif ($known -or $is) { 'not in place' } else { 'nothing' }
