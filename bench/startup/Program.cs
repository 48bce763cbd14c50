// How long a cluster takes to come up and what its server holds in memory when idle, as a ratio to etcd alone on the same machine in the
// same run (Debian package etcd-server; without it only Petrel's own figures are printed).
//   dotnet run -c Release --project bench/startup [runs]
using System.Globalization;
using Petrel.Bench.Startup;

var runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
var petrel = new PetrelCluster();
await petrel.UpAsync(fresh: true); // Builds the page cache and the certificates: what is measured is a warm start.
await petrel.DownAsync();

List<Figures> own = [],
    peer = [];
for (var run = 0; run < runs; run++)
{
    own.Add(await petrel.MeasureAsync());
    if (EtcdPeer.IsInstalled)
    {
        peer.Add(await EtcdPeer.MeasureAsync());
    }
    Console.Error.Write($"\r{run + 1} of {runs}");
}
Console.Error.WriteLine();
petrel.Delete();

Print("API ready (s)", own.Select(f => f.ApiReady), peer.Select(f => f.ApiReady));
Print("three nodes Ready (s)", own.Select(f => f.NodesReady), []);
Print("idle server resident (MiB)", own.Select(f => f.Server.Resident), peer.Select(f => f.Server.Resident));
Print("  its proportional share", own.Select(f => f.Server.Proportional), peer.Select(f => f.Server.Proportional));
Print("  private to it", own.Select(f => f.Server.Private), peer.Select(f => f.Server.Private));
Print("idle agent resident (MiB)", own.Select(f => f.Agent!.Resident), []);
Print("  its proportional share", own.Select(f => f.Agent!.Proportional), []);
Print("  private to it", own.Select(f => f.Agent!.Private), []);

static void Print(string what, IEnumerable<double> own, IEnumerable<double> peer)
{
    var ours = Median(own);
    var theirs = Median(peer);
    Console.WriteLine(
        theirs is null
            ? $"{what, -28} petrel {ours, 8:0.00}"
            : $"{what, -28} petrel {ours, 8:0.00}   etcd alone {theirs, 8:0.00}   ratio {ours / theirs, 6:0.00}"
    );
}

static double? Median(IEnumerable<double> values)
{
    var sorted = values.Order().ToList();
    return sorted.Count == 0 ? null : sorted[sorted.Count / 2];
}
