using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults;

/// <summary>The random choices of one fault, from a stream of its own: what it draws does not shift the draws of any other fault.</summary>
/// <param name="settings">The bounds of the run's faults.</param>
/// <param name="nodes">How many nodes the cluster has; they are called <c>node1</c> and so on.</param>
/// <param name="entropy">The stream.</param>
public sealed class FaultDraw(FaultSettings settings, int nodes, IEntropy entropy)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    public FaultSettings Settings => settings;

    public IEntropy Entropy => entropy;

    /// <summary>A node.</summary>
    public string Node() => NodeName(entropy.Next(nodes));

    /// <summary>A process that calls the server: mostly an agent, sometimes the controllers or the scheduler.</summary>
    public string Client() =>
        entropy.Next(nodes + 2) is var drawn && drawn < nodes ? NodeName(drawn)
        : drawn == nodes ? ClusterProcess.Controllers
        : ClusterProcess.Scheduler;

    /// <summary>Any process: the server, or one that calls it.</summary>
    public string Process() => entropy.Next(4) == 0 ? ClusterProcess.Server : Client();

    /// <summary>How long something is out of order: short times are more likely than long ones.</summary>
    public TimeSpan Outage() => Pause(settings.MaxOutage);

    /// <summary>How long a program is down before it is started again.</summary>
    public TimeSpan Restart() => Pause(settings.MaxRestart);

    /// <summary>A time from zero to the longest. The greater the exponent, the likelier are short times; 1 is uniform.</summary>
    public TimeSpan UpTo(TimeSpan longest, double exponent = 1) => Milliseconds(longest * Power(exponent));

    /// <summary>A probability or rate from zero to the worst.</summary>
    public double UpTo(double worst) => Rounded(worst * entropy.NextDouble());

    /// <summary>Whole milliseconds, because people read and edit plans.</summary>
    public static TimeSpan Milliseconds(TimeSpan time) => TimeSpan.FromMilliseconds((long)time.TotalMilliseconds);

    /// <summary>Whole thousandths, because people read and edit plans.</summary>
    public static double Rounded(double value) => Math.Round(value, 3);

    private TimeSpan Pause(TimeSpan longest) => Milliseconds(ShortestPause + (longest * Power(2)));

    private double Power(double exponent) => Math.Pow(entropy.NextDouble(), exponent);

    private static string NodeName(int index) => $"node{index + 1}";
}
