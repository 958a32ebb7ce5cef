// libpcap, for RawLink, the one module that imports this.
#include <pcap/pcap.h>
