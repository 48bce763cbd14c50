namespace Petrel.Faults.Links;

/// <summary>The conditions of a network link. Probabilities are in [0, 1].</summary>
public sealed record LinkConditions
{
    /// <summary>Bounds of the delay of each message in each direction.</summary>
    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The probability that a request is lost.</summary>
    public double RequestLoss { get; init; }

    /// <summary>The probability that a request is executed but its response is lost, so that the caller can't know the outcome.</summary>
    public double AnswerLoss { get; init; }

    /// <summary>The probability that a stream is cut before a chunk.</summary>
    public double StreamCut { get; init; }

    /// <summary>
    /// The probability that a request arrives twice. The server executes it twice, and the caller gets the first or the second response.
    /// </summary>
    public double Duplication { get; init; }

    /// <summary>The probability that a request is delayed by up to <see cref="HoldUp"/>, so that later requests overtake it.</summary>
    public double Reordering { get; init; }

    /// <summary>The longest delay of a reordered request and of a duplicate.</summary>
    public TimeSpan HoldUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The caller's timeout for a response that does not arrive.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A healthy local network.</summary>
    public static LinkConditions Good { get; } = new();

    /// <summary>Combines these conditions with others: the longer delays, and for each probability that of either event.</summary>
    public LinkConditions With(LinkConditions other) =>
        new()
        {
            MinDelay = Longer(MinDelay, other.MinDelay),
            MaxDelay = Longer(MaxDelay, other.MaxDelay),
            RequestLoss = Either(RequestLoss, other.RequestLoss),
            AnswerLoss = Either(AnswerLoss, other.AnswerLoss),
            StreamCut = Either(StreamCut, other.StreamCut),
            Duplication = Either(Duplication, other.Duplication),
            Reordering = Either(Reordering, other.Reordering),
            HoldUp = Longer(HoldUp, other.HoldUp),
            Timeout = Longer(Timeout, other.Timeout),
        };

    /// <inheritdoc/>
    public override string ToString()
    {
        List<string> parts = [$"delay {MinDelay.TotalMilliseconds:0}..{MaxDelay.TotalMilliseconds:0} ms"];
        Add(RequestLoss, "loses {0:P0} of requests");
        Add(AnswerLoss, "loses {0:P0} of answers");
        Add(StreamCut, "cuts {0:P0} of chunks");
        Add(Duplication, "doubles {0:P0} of requests");
        Add(Reordering, $"holds {{0:P0}} of requests up for up to {HoldUp.TotalMilliseconds:0} ms");
        return string.Join(", ", parts);

        void Add(double probability, string what)
        {
            if (probability > 0)
            {
                parts.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, what, probability));
            }
        }
    }

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static double Either(double left, double right) => 1 - ((1 - left) * (1 - right));
}
