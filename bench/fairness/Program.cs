// What a quiet user notices of a noisy one: the time of the quiet user's GET alone, and beside many parallel lists or watches of 3.6 MB by
// one other user, over TLS and HTTP/2. The server, the noisy clients and the quiet client are three processes, so that the quiet client
// measures the server and not the noisy clients.
//   dotnet run -c Release --project bench/fairness [seconds per row] [lists:100,lists:500,watches:500,changes:500]
// The ratio is the p99 beside the load over the p99 alone, in the same run. On a busy machine take the ratio of several runs.
using System.Globalization;
using Petrel.Bench.Fairness;

switch (args)
{
    case ["serve", var directory]:
        return await BenchServer.ServeAsync(directory);
    case ["load", var directory, var port, var kind, var count]:
        return await NoisyClients.RunAsync(directory, int.Parse(port), kind, int.Parse(count));
}
var duration = TimeSpan.FromSeconds(args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 15);
var rows = args.Length > 1 ? args[1] : "lists:100,lists:500,watches:500,changes:500";
return await FairnessRun.RunAsync(duration, [.. rows.Split(',')]);
