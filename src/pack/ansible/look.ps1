# Says whether our rules are as they were noted (in place), are not, or whether there are none (nothing). The first word stands
# for the texts that put them there; a second one notes what there is now, or forgets it.
param($texts, $what)
$ErrorActionPreference = 'Stop'
$noted = Join-Path $env:SystemRoot 'Portcullis\ansible.txt'
$key = Get-Item 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules'
$is = @($key.GetValueNames() | Sort-Object | ForEach-Object { $key.GetValue($_) } | Where-Object { $_ -match 'Portcullis' })
$now = (@($texts) + $is) -join "`n"
if ($what -eq 'note') {
  New-Item -ItemType Directory -Force -Path (Split-Path $noted) | Out-Null
  [IO.File]::WriteAllText($noted, $now)
}
$known = Test-Path -LiteralPath $noted
if ($what -eq 'forget' -and $known) { Remove-Item -LiteralPath $noted; $known = $false }
if ($known) {
  if ([IO.File]::ReadAllText($noted) -ceq $now) { 'in place' } else { 'not in place' }
} elseif ($is) { 'not noted' } else { 'nothing' }
