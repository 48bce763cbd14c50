using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults;

/// <summary>The random choices of one fault, from its own stream, so that they do not shift the draws of any other fault.</summary>
/// <param name="settings">The bounds of the run's faults.</param>
/// <param name="nodes">The number of nodes in the cluster. Their names are <c>node1</c> and so on.</param>
/// <param name="entropy">The random stream.</param>
public sealed class FaultDraw(FaultSettings settings, int nodes, IEntropy entropy)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    public FaultSettings Settings => settings;

    public IEntropy Entropy => entropy;

    /// <summary>Draws a node.</summary>
    public string Node() => NodeName(entropy.Next(nodes));

    /// <summary>Draws a client process of the server: mostly an agent, sometimes the controllers or the scheduler.</summary>
    public string Client() =>
        entropy.Next(nodes + 2) is var drawn && drawn < nodes ? NodeName(drawn)
        : drawn == nodes ? ClusterProcess.Controllers
        : ClusterProcess.Scheduler;

    /// <summary>Draws any process: the server or one of its clients.</summary>
    public string Process() => entropy.Next(4) == 0 ? ClusterProcess.Server : Client();

    /// <summary>Draws the duration of an outage. Short durations are more likely than long ones.</summary>
    public TimeSpan Outage() => Pause(settings.MaxOutage);

    /// <summary>Draws how long a process is down before it restarts.</summary>
    public TimeSpan Restart() => Pause(settings.MaxRestart);

    /// <summary>Draws a time from zero to the longest. A greater exponent makes short times more likely; 1 is uniform.</summary>
    public TimeSpan UpTo(TimeSpan longest, double exponent = 1) => Milliseconds(longest * Power(exponent));

    /// <summary>Draws a probability or rate from zero to the worst.</summary>
    public double UpTo(double worst) => Rounded(worst * entropy.NextDouble());

    /// <summary>Truncates to whole milliseconds, because people read and edit plans.</summary>
    public static TimeSpan Milliseconds(TimeSpan time) => TimeSpan.FromMilliseconds((long)time.TotalMilliseconds);

    /// <summary>Rounds to whole thousandths, because people read and edit plans.</summary>
    public static double Rounded(double value) => Math.Round(value, 3);

    private TimeSpan Pause(TimeSpan longest) => Milliseconds(ShortestPause + (longest * Power(2)));

    private double Power(double exponent) => Math.Pow(entropy.NextDouble(), exponent);

    private static string NodeName(int index) => $"node{index + 1}";
}
