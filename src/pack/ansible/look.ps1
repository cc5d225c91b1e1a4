# As look.sh says; the registry has every rule of this machine, each in one line.
param($texts, $what)
$ErrorActionPreference = 'Stop'
$noted = Join-Path $env:SystemRoot 'Portcullis\ansible.txt'
$key = Get-Item 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'
$is = @($key.GetValueNames() | Sort-Object | ForEach-Object { $key.GetValue($_) } | Where-Object { $_ -match 'Portcullis' })
$now = (@($texts) + $is) -join "`n"
if ($what -eq 'note') {
  New-Item -ItemType Directory -Force (Split-Path $noted) | Out-Null
  [IO.File]::WriteAllText($noted, $now)
} elseif ($what) { Remove-Item $noted -ErrorAction SilentlyContinue }
$known = Test-Path $noted
if ($known -and [IO.File]::ReadAllText($noted) -ceq $now) { 'in place' } elseif ($known -or $is) { 'not in place' } else { 'nothing' }
