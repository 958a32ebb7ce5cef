// Nothing to call: linking this target is what it is for (see CAgentInit.c).
#ifndef SIDERITE_CAGENTINIT_H
#define SIDERITE_CAGENTINIT_H
#endif
